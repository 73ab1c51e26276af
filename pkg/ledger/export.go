package ledger

import (
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// Export is what a ledger holds, for programs: Head once, then each mailbox in the order of its first copy, followed by what is in doubt
// there and by its messages in the order of their UIDs.
type Export struct {
	Head    func(ExportHead) error
	Mailbox func(ExportMailbox) error
	Message func(ExportMessage) error
}

// ExportHead says which migration it is.
type ExportHead struct {
	LedgerFormat int               `json:"ledger_format"`
	Name         string            `json:"name"`
	Source       endpoint.Identity `json:"source"`
	Destination  endpoint.Identity `json:"destination"`
	Created      time.Time         `json:"created"`
	LastPlan     string            `json:"last_plan,omitempty"` // digest of the plan that ran last
}

// ExportMailbox is one mailbox under one UIDVALIDITY.
type ExportMailbox struct {
	Number       uint32              `json:"number"` // of this entry; its messages name it
	Name         []string            `json:"name"`
	Wire         []byte              `json:"wire"` // the name exactly as the server sent it
	Validity     mailbox.UIDValidity `json:"uidvalidity"`
	DestName     []string            `json:"dest_name"`
	DestWire     []byte              `json:"dest_wire"`
	DestValidity mailbox.UIDValidity `json:"dest_uidvalidity"`
	Made         bool                `json:"made"`
	Cursor       mailbox.UID         `json:"cursor"`
	SourceHad    uint32              `json:"source_had"`
	Problem      string              `json:"problem,omitempty"`
	Messages     int64               `json:"messages"`
	Fence        mailbox.UID         `json:"fence,omitempty"`    // of what is in doubt: nothing of it can have a lower UID on the destination
	InDoubt      []mailbox.UID       `json:"in_doubt,omitempty"` // in the order in which they were to be sent
}

// ExportMessage is one row. Times that are not known are left out; dates keep their zone.
type ExportMessage struct {
	Mailbox  uint32         `json:"mailbox"`
	UID      mailbox.UID    `json:"uid"`
	Outcome  string         `json:"outcome"`
	Proof    string         `json:"proof"`
	Removal  string         `json:"removal"`
	Size     int64          `json:"size"`
	Date     *time.Time     `json:"date,omitempty"`
	Flags    []mailbox.Flag `json:"flags,omitempty"`
	Dropped  []mailbox.Flag `json:"dropped,omitempty"`
	SHA256   string         `json:"sha256,omitempty"`
	DestUID  mailbox.UID    `json:"dest_uid,omitempty"`
	ProvedAt *time.Time     `json:"proved_at,omitempty"`
	Reason   string         `json:"reason,omitempty"`
}

// Export hands everything out, in the same order each time, holding one page of rows at a time. What it hands out may hold a stranger's text.
func (l *Ledger) Export(e Export) error {
	plan, err := l.LastPlan()
	if err != nil {
		return err
	}
	f := l.Facts()
	if err := e.Head(ExportHead{f.Format, f.Name, f.Source, f.Destination, f.Created, plan}); err != nil {
		return err
	}
	all, err := l.Mailboxes()
	if err != nil {
		return err
	}
	for _, m := range all {
		box, err := l.exportMailbox(m)
		if err != nil {
			return err
		}
		if err := e.Mailbox(box); err != nil {
			return err
		}
		if err := l.Each(m, func(r Row) error { return e.Message(r.export(m.ID)) }); err != nil {
			return err
		}
	}
	return nil
}

func (l *Ledger) exportMailbox(m Mailbox) (ExportMailbox, error) {
	c, err := l.Counts(m)
	if err != nil {
		return ExportMailbox{}, err
	}
	doubt, fence, err := l.InDoubt(m)
	out := ExportMailbox{Number: m.ID, Name: m.Name, Wire: []byte(m.Source), Validity: m.Validity, DestName: m.DestName, DestWire: []byte(m.Dest), DestValidity: m.DestValidity,
		Made: m.Made, Cursor: m.Cursor, SourceHad: m.Messages, Problem: m.Problem, Messages: c.Total.Messages, Fence: fence.UIDNext}
	for _, r := range doubt {
		out.InDoubt = append(out.InDoubt, r.UID)
	}
	return out, err
}

func (r Row) export(box uint32) ExportMessage {
	out := ExportMessage{Mailbox: box, UID: r.UID, Outcome: r.Outcome.String(), Proof: r.Proof.String(), Removal: r.Removal.String(), Size: r.Size,
		Date: known(r.Date), Flags: r.Flags, Dropped: r.Dropped, DestUID: r.Dest, ProvedAt: known(r.ProvedAt), Reason: r.Reason}
	if r.Digest != (mailbox.Digest{}) {
		out.SHA256 = r.Digest.String()
	}
	return out
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
