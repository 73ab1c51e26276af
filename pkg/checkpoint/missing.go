package checkpoint

import (
	"slices"
	"strings"

	"imapmigrate/pkg/approval"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// FlagsChanged begins the reason that purge records for a message whose flags are not the copied ones any more. Such a message is not listed
// again before copy or verify has looked at it anew.
const FlagsChanged = "not purged: its flags were changed"

// missing is what a message lacks to be listed, empty when it lacks nothing.
func missing(k approval.Kind, r ledger.Row) string {
	if reason := unplaced(r); reason != "" {
		return reason
	}
	if k == approval.Rollback {
		return keptOnDestination(r)
	}
	switch {
	case r.Proof == ledger.ProvedMetadata:
		return "verified by metadata only"
	case r.Proof != ledger.ProvedContent:
		return r.Proof.String()
	case slices.ContainsFunc(r.Flags, mailbox.Deleted.Equal):
		return `marked \Deleted on the source by somebody else`
	case strings.HasPrefix(r.Reason, ledger.NotSurvived):
		return "its date or flags are not the same on the destination"
	case strings.HasPrefix(r.Reason, FlagsChanged):
		return "its flags were changed on the source since it was copied"
	}
	return ""
}

// unplaced is what speaks against a removal of either kind: there have to be two copies, both known by UID and digest.
func unplaced(r ledger.Row) string {
	switch {
	case r.Outcome == ledger.Intended:
		return "in doubt: copy has to look for it"
	case !r.Outcome.Present():
		return r.Outcome.String()
	case r.Removal == ledger.Gone:
		return "removed already"
	case r.Removal == ledger.Purging:
		return "its removal was begun: run purge again with the checkpoint it was begun with"
	case r.Removal != ledger.Kept:
		return "its rollback was begun: run rollback again with the checkpoint it was begun with"
	case r.Dest == 0 || r.Digest == mailbox.Digest{}:
		return "its place on the destination is not known"
	}
	return ""
}

// keptOnDestination is why a copy is no matter of a rollback: what was there before us is not ours to remove.
func keptOnDestination(r ledger.Row) string {
	switch {
	case r.Outcome != ledger.Copied:
		return "it was there before this migration"
	case r.Proof == ledger.Altered, r.Proof == ledger.Missing:
		return r.Proof.String()
	}
	return ""
}
