package report

import (
	"strings"
	"time"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// Format is the number of the JSON form. A reader that knows another number must not guess.
const Format = 1

// Report is everything that is known of a migration at one moment. Texts are as they came: a view makes them safe for its medium.
type Report struct {
	Format      int               `json:"format"`
	Name        string            `json:"name"`
	Generated   time.Time         `json:"generated"`
	Source      endpoint.Identity `json:"source"`
	Destination endpoint.Identity `json:"destination"`
	Plan        string            `json:"plan"` // digest of the plan that ran last, empty before the first
	Totals      Numbers           `json:"totals"`
	Mailboxes   []Mailbox         `json:"mailboxes"`

	Problems     []Message `json:"problems"`      // messages without a good outcome, as many as were asked for
	MoreProblems int64     `json:"more_problems"` // beyond those listed
	Notes        []Message `json:"notes"`         // messages with a good outcome and something to know
	MoreNotes    int64     `json:"more_notes"`

	Checkpoint *Checkpoint `json:"checkpoint,omitempty"` // of a purge
	Approval   *Approval   `json:"approval,omitempty"`   // of that checkpoint
	Rollback   *Gate       `json:"rollback,omitempty"`
}

// Gate is a checkpoint and the approval that lies beside it.
type Gate struct {
	Checkpoint *Checkpoint `json:"checkpoint,omitempty"`
	Approval   *Approval   `json:"approval,omitempty"`
}

// Clean reports whether every message has a good outcome and every sum agrees. Proof and removal need not have come yet.
func (r *Report) Clean() bool {
	return r.Totals.Attention == 0 && r.Totals.Unaccounted == 0 && r.Totals.Unfinished == 0
}

// Count is messages and their bytes.
type Count = ledger.Count

// Numbers sum up one mailbox, or all. The keys of the maps are the words of the ledger with _ for a space: already_there.
type Numbers struct {
	Messages Count            `json:"messages"` // that the ledger knows
	Outcome  map[string]Count `json:"outcome"`
	Proof    map[string]Count `json:"proof"`   // of the messages that are on the destination
	Removal  map[string]Count `json:"removal"` // of the same

	Source      int64 `json:"source"`      // messages that the source had when copy last came to the end of the mailbox
	Unaccounted int64 `json:"unaccounted"` // of those, how many the ledger knows nothing of: always 0 unless something is wrong
	Attention   int64 `json:"attention"`   // messages that need somebody: no good outcome, altered, missing, or a removal that was not finished
	Unfinished  int64 `json:"unfinished"`  // mailboxes that copy did not come to the end of, or never came to

	ProvedFirst time.Time `json:"proved_first,omitzero"` // when the first and the last of the verified messages were verified; not in a status
	ProvedLast  time.Time `json:"proved_last,omitzero"`
}

// Mailbox is one source mailbox.
type Mailbox struct {
	Name         string              `json:"mailbox"`
	Validity     mailbox.UIDValidity `json:"uidvalidity"`
	Dest         string              `json:"to"`
	DestValidity mailbox.UIDValidity `json:"to_uidvalidity"`
	Made         bool                `json:"made"`                // the destination mailbox was made by this migration
	Mapping      string              `json:"mapping_sha256"`      // SHA-256 over the mailbox's lines of the mapping, see [Link.Line]; empty where nothing is on the destination, and in a status
	Begun        bool                `json:"begun"`               // copy has come to it
	Finished     bool                `json:"finished"`            // every message that was there got its outcome
	Superseded   bool                `json:"superseded"`          // recorded under a UIDVALIDITY that it no longer has; not in the totals
	Problem      string              `json:"problem,omitempty"`   // why it could not be finished
	Next         string              `json:"next_step,omitempty"` // what to do about that
	Numbers      Numbers             `json:"numbers"`
}

// Message is one message that somebody should know about, with its address.
type Message struct {
	Mailbox  string              `json:"mailbox"`
	Validity mailbox.UIDValidity `json:"uidvalidity"`
	UID      mailbox.UID         `json:"uid"`
	Dest     mailbox.UID         `json:"to_uid,omitempty"`
	Size     int64               `json:"size"`
	Date     time.Time           `json:"date,omitzero"`
	Outcome  string              `json:"outcome"`
	Proof    string              `json:"proof,omitempty"`
	Reason   string              `json:"reason,omitempty"`
	Next     string              `json:"next_step,omitempty"`
	Subject  string              `json:"subject,omitempty"` // only where it was asked for: the ledger does not hold it

	Wire mailbox.Wire `json:"-"` // the name that the source is asked for
}

// Checkpoint is what the report says of the checkpoint that lies beside the ledger.
type Checkpoint struct {
	Digest   string    `json:"digest"`
	Created  time.Time `json:"created"`
	Messages int64     `json:"messages"`
	Bytes    int64     `json:"bytes"`
}

// Approval is what the report says of the approval beside it.
type Approval struct {
	Checkpoint string    `json:"checkpoint"` // the digest of what was approved
	Given      []Yes     `json:"given"`
	Expires    time.Time `json:"expires"` // when the first of them ends
	Valid      bool      `json:"valid"`
	Why        string    `json:"why,omitempty"` // it is not valid
}

// Yes is the word of one person.
type Yes struct {
	By   approval.Person `json:"by"`
	At   time.Time       `json:"at"`
	Key  string          `json:"key,omitempty"` // fingerprint of the key that signed it
	Note string          `json:"note,omitempty"`
}

// By names all who said yes.
func (a *Approval) By() string {
	var all []string
	for _, y := range a.Given {
		all = append(all, y.By.String())
	}
	return strings.Join(all, ", ")
}

// OfApproval describes a for the subject that the checkpoint asks for now, under the configuration's policy. It gives nil for nil.
func OfApproval(a *approval.Approval, s approval.Subject, p approval.Policy, now time.Time) *Approval {
	if a == nil {
		return nil
	}
	out := &Approval{Checkpoint: a.Checkpoint, Given: []Yes{}, Expires: a.Expires(), Valid: true}
	for _, y := range a.Given {
		out.Given = append(out.Given, Yes{By: y.By, At: y.At, Key: y.Key, Note: y.Note})
	}
	if err := approval.Check(a, s, p, now); err != nil {
		out.Valid, out.Why = false, err.Error()
	}
	return out
}

// key is a word of the ledger as a key in JSON.
func key(word string) string { return strings.ReplaceAll(word, " ", "_") }
