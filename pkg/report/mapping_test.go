package report_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/report"
)

func digested(uid, dest mailbox.UID) ledger.Row {
	return with(copied(uid), func(r *ledger.Row) { r.Dest, r.Digest = dest, sha256.Sum256(fmt.Append(nil, uid)) })
}

// TestMappingNamesEveryMessageOnce, and the digest in the report is that of its lines.
func TestMappingNamesEveryMessageOnce(t *testing.T) {
	b := newBook(t)
	b.finished("Old", 6, digested(1, 50))
	b.finished("INBOX", 7, digested(3, 12), digested(9, 11), ledger.Row{UID: 4, Outcome: ledger.Excluded, Size: 5, Reason: "older"}, with(digested(5, 13), func(r *ledger.Row) { r.Outcome = ledger.RolledBack }))
	b.finished("Old", 8, digested(1, 60))
	var got []string
	digest := sha256.New()
	visit := func(l report.Link) error {
		got = append(got, fmt.Sprintf("%s/%d/%d -> %s/%d/%d %s", l.Mailbox, l.Validity, l.UID, l.Dest, l.DestValidity, l.DestUID, l.Outcome))
		if l.Mailbox == "INBOX" && l.Dest != "" {
			fmt.Fprintf(digest, "%d %d %s\n", l.UID, l.DestUID, l.Digest)
		}
		return nil
	}
	if err := report.Mapping(b.Ledger, nil, visit); err != nil {
		t.Fatal(err)
	}
	want := []string{"INBOX/7/3 -> INBOX/9/12 copied", "INBOX/7/4 -> /0/0 excluded", "INBOX/7/5 -> /0/0 rolled_back", "INBOX/7/9 -> INBOX/9/11 copied", "Old/8/1 -> Old/9/60 copied"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
	r := b.report(report.Options{Problems: 1})
	if have := r.Mailboxes[0].Mapping; have != fmt.Sprintf("%x", digest.Sum(nil)) {
		t.Errorf("the report says %q", have)
	}
	if r.Totals.Outcome["rolled_back"].Messages != 1 || !r.Clean() || !r.Totals.ProvedFirst.Equal(noon) {
		t.Errorf("%+v", r.Totals)
	}
	enough := errors.New("enough")
	if err := report.Mapping(b.Ledger, nil, func(report.Link) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("%v", err)
	}
	if err := report.Mapping(b.Ledger, mailbox.Name.IsInbox, func(l report.Link) error {
		if l.Mailbox != "INBOX" {
			t.Errorf("%s was not asked for", l.Mailbox)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// TestStatusAndReportAgree: the sums are the same, whether they come from the ledger's counters or beside the messages.
func TestStatusAndReportAgree(t *testing.T) {
	b := newBook(t)
	b.finished("INBOX", 7, copied(1), ledger.Row{UID: 2, Outcome: ledger.Refused, Size: 20, Reason: "no"}, with(copied(3), func(r *ledger.Row) { r.Removal = ledger.RollingBack }),
		with(copied(4), func(r *ledger.Row) { r.Reason = "not rolled back: x" }))
	status, whole := b.report(report.Options{}), b.report(report.Options{Problems: 1})
	if status.Totals.Attention != 2 || whole.Totals.Attention != 2 || status.MoreProblems != 2 || status.MoreNotes != 1 || len(whole.Problems) != 1 || whole.MoreProblems != 1 || len(whole.Notes) != 1 || whole.MoreNotes != 0 {
		t.Errorf("%+v\n%+v", status, whole)
	}
	if whole.Problems[0].UID != 2 || whole.Problems[0].Wire != "INBOX" {
		t.Errorf("%+v", whole.Problems[0])
	}
}
