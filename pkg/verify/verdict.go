package verify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// verdict is one message's copy, held against its row.
type verdict struct {
	row     ledger.Row
	seen    mailbox.Message
	depth   Depth
	reading endpoint.Reading // with depth content

	found   []Difference
	proved  bool
	altered bool
	changed bool // flags that somebody on the destination has changed
}

// judge decides proof and reason of the row. An altered one still needs the words.
func (v *verdict) judge(now time.Time) {
	if v.depth != Content && v.row.Proof == ledger.Altered {
		v.differ(Altered, v.row.Reason) // a look at the metadata cannot say that the bytes are right after all
		return
	}
	good := v.proofOfFlags()
	v.row.Reason = ""
	v.metadata(good)
	switch {
	case v.depth == Content:
		v.content()
	case v.row.Proof == ledger.ProvedContent:
		v.proved = true // nor does it take anything away, and the proof is as old as it was
		return
	case len(v.found) == 0:
		v.row.Proof, v.proved = ledger.ProvedMetadata, true
	default:
		v.row.Proof = ledger.Unproved
	}
	v.row.ProvedAt = now
}

func (v *verdict) content() {
	switch {
	case v.reading.Problem != "":
		v.row.Proof = ledger.Unproved
		v.row.Reason = fmt.Sprintf("the destination does not give its bytes: %.300q", v.reading.Problem)
		v.differ(Unreadable, v.row.Reason)
	case v.reading.Digest != v.row.Digest:
		v.row.Proof, v.altered = ledger.Altered, true
	default:
		v.row.Proof, v.proved = ledger.ProvedContent, true
	}
}

// proofOfFlags reports whether an earlier run saw date and flags as they were sent: what differs now, somebody has changed since.
func (v *verdict) proofOfFlags() bool {
	return (v.row.Proof == ledger.ProvedContent || v.row.Proof == ledger.ProvedMetadata) && !strings.HasPrefix(v.row.Reason, ledger.NotSurvived)
}

// metadata compares date and flags. What was on the destination before us never had ours.
func (v *verdict) metadata(good bool) {
	if v.row.Outcome == ledger.AlreadyThere {
		v.changed = !mailbox.SameFlags(v.row.Flags, v.seen.Flags)
		return
	}
	var words []string
	if d := v.seen.InternalDate; !v.row.Date.IsZero() && !d.Equal(v.row.Date) {
		text := fmt.Sprintf("internal date %s is %s on the destination", v.row.Date.Format(time.RFC3339), dateText(d))
		v.differ(Date, text)
		words = append(words, text)
	}
	want := minus(v.row.Flags, v.row.Dropped)
	lost := minus(want, v.seen.Flags)
	switch {
	case len(lost) > 0 && !good:
		text := fmt.Sprintf("flags %.300q are not there", flagList(lost))
		v.differ(Flags, text+", or somebody has taken them away on the destination before this first look")
		words = append(words, text)
	case !mailbox.SameFlags(want, v.seen.Flags):
		v.changed = true
	}
	if len(words) > 0 {
		v.row.Reason = ledger.NotSurvived + strings.Join(words, "; ")
	}
}

func dateText(t time.Time) string {
	if t.IsZero() {
		return "none that can be read"
	}
	return t.Format(time.RFC3339)
}

// minus is a without what is in b, \Recent aside.
func minus(a, b []mailbox.Flag) []mailbox.Flag {
	return slices.DeleteFunc(mailbox.Flags(a...), func(f mailbox.Flag) bool { return slices.ContainsFunc(b, f.Equal) })
}

func (v *verdict) differ(k Kind, reason string) {
	v.found = append(v.found, Difference{UID: v.row.UID, Dest: v.row.Dest, Kind: k, Reason: reason})
}

func (v *verdict) count(t *Totals) {
	if v.proved {
		t.Proved++
		t.Bytes += v.row.Size
	}
	if v.changed {
		t.FlagsChanged++
	}
}
