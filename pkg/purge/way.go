package purge

import (
	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/checkpoint"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// way is one direction of removal: which of a row's two messages goes, and how the ledger says so. All else in this package speaks of the
// account that loses messages and of the one that keeps the other copy.
type way struct {
	kind  approval.Kind
	kept  string         // begins the reason of what stays
	begun ledger.Removal // what a row says from before the mark until absence was seen
	end   func(*ledger.Row)
	ended func(ledger.Row) bool
	flags func(ledger.Row) []mailbox.Flag // what the message has to carry still
	proof func(ledger.Row) string         // what the ledger has against it, empty for nothing
}

// purging takes messages from the source.
var purging = way{
	kind: approval.Purge, kept: "not purged: ", begun: ledger.Purging,
	end:   func(r *ledger.Row) { r.Removal = ledger.Gone },
	ended: func(r ledger.Row) bool { return r.Removal == ledger.Gone },
	flags: func(r ledger.Row) []mailbox.Flag { return r.Flags },
	proof: func(r ledger.Row) string {
		if !r.Outcome.Present() || r.Proof != ledger.ProvedContent {
			return "its copy is not verified any more: " + r.Outcome.String() + ", " + r.Proof.String()
		}
		return ""
	},
}

// rollingBack takes what was appended from the destination again.
var rollingBack = way{
	kind: approval.Rollback, kept: "not rolled back: ", begun: ledger.RollingBack,
	end:   func(r *ledger.Row) { r.Outcome, r.Removal = ledger.RolledBack, ledger.Kept },
	ended: func(r ledger.Row) bool { return r.Outcome == ledger.RolledBack },
	flags: func(r ledger.Row) []mailbox.Flag { return arrived(r) },
	proof: func(r ledger.Row) string {
		if r.Outcome != ledger.Copied {
			return "it is not ours to remove: " + r.Outcome.String()
		}
		return ""
	},
}

// arrived is the flags that a copy was given: the source's without those that the destination does not take.
func arrived(r ledger.Row) []mailbox.Flag {
	dropped := mailbox.Flags(r.Dropped...)
	var flags []mailbox.Flag
	for _, f := range r.Flags {
		if !containsFlag(dropped, f) {
			flags = append(flags, f)
		}
	}
	return flags
}

// wayOf finds the direction of a checkpoint; false for one that this program does not know.
func wayOf(k approval.Kind) (way, bool) {
	switch k {
	case approval.Purge:
		return purging, true
	case approval.Rollback:
		return rollingBack, true
	}
	return way{}, false
}

// goes is the UID that the row's message has where it is removed.
func (w way) goes(r ledger.Row) mailbox.UID {
	uid, _ := checkpoint.Goes(w.kind, r)
	return uid
}

// stays is the UID that its other copy has.
func (w way) stays(r ledger.Row) mailbox.UID {
	_, uid := checkpoint.Goes(w.kind, r)
	return uid
}

// loser is the mailbox that loses messages, keeper the one with the other copies.
func (w way) loser(m ledger.Mailbox) (mailbox.Wire, mailbox.Name) {
	if w.kind == approval.Rollback {
		return m.Dest, m.DestName
	}
	return m.Source, m.Name
}

func (w way) keeper(m ledger.Mailbox) (mailbox.Wire, mailbox.Name) {
	if w.kind == approval.Rollback {
		return m.Source, m.Name
	}
	return m.Dest, m.DestName
}

// losers and keepers are the UIDs of rows on either side.
func (w way) losers(rows []ledger.Row) mailbox.UIDSet { return setOf(rows, w.goes) }

func (w way) keepers(rows []ledger.Row) mailbox.UIDSet { return setOf(rows, w.stays) }

func setOf(rows []ledger.Row, uid func(ledger.Row) mailbox.UID) mailbox.UIDSet {
	uids := make([]mailbox.UID, len(rows))
	for i, r := range rows {
		uids[i] = uid(r)
	}
	return mailbox.SetOf(uids...)
}

// accounts are the logins by what becomes of them.
func (r *run) losing() endpoint.Identity { return r.Loses.Identity() }

func (r *run) keeping() endpoint.Identity { return r.Keeps.Identity() }
