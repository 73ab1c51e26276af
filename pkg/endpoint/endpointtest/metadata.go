package endpointtest

import (
	"fmt"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

func zone(hours, minutes int) *time.Location { return time.FixedZone("", hours*3600+minutes*60) }

// testDates: an internal date is the same instant afterwards, in whatever zone the server shows it.
func testDates(t *testing.T, f Factory) {
	b := f.open(t)
	w := b.make("Dates")
	for _, date := range []time.Time{
		time.Date(2021, 3, 28, 1, 59, 59, 0, zone(1, 0)), time.Date(2021, 3, 28, 3, 0, 0, 0, zone(2, 0)), // both sides of the hour that was not
		time.Date(2021, 10, 31, 2, 30, 0, 0, zone(2, 0)), time.Date(2021, 10, 31, 2, 30, 0, 0, zone(1, 0)), // the hour that was twice
		time.Date(2020, 2, 29, 23, 59, 59, 0, zone(-3, -30)), time.Date(2010, 1, 1, 0, 0, 0, 0, zone(5, 45)),
		time.Date(2000, 1, 1, 0, 0, 0, 0, zone(13, 0)), time.Date(1999, 12, 31, 23, 59, 59, 0, zone(-11, 0)),
		time.Date(1995, 6, 5, 4, 3, 2, 0, time.UTC), time.Date(1971, 1, 2, 3, 4, 5, 0, time.UTC), time.Date(1960, 5, 6, 7, 8, 9, 0, time.UTC),
	} {
		t.Run(date.Format(time.RFC3339), func(t *testing.T) { b.with(t).dated(w, date) })
	}
	t.Run("none", func(t *testing.T) { b.with(t).undated(w) })
}

func (b *bench) dated(w mailbox.Wire, date time.Time) {
	target := b.target(w)
	defer target.Close()
	fence := b.next(w)
	placed := b.deliver(target, endpoint.Outgoing{InternalDate: date, Content: letter(1)}, outgoing(letter(2)))
	if placed[1].Verdict != endpoint.Stored {
		b.Fatalf("the message behind: %+v", placed[1])
	}
	if b.facts.RefusesDate(date) {
		if !isRefusal(placed[0]) {
			b.Errorf("%+v, want a refusal", placed[0])
		}
		b.since(w, fence, 1)
		return
	}
	found := b.since(w, fence, 2)
	r := b.examine(w)
	defer r.Close()
	set, date := mailbox.SetOf(found[0]), b.facts.StoredDate(date)
	if got := b.scanned(r, set)[0].InternalDate; !got.Equal(date) {
		b.Errorf("scanned %s", got)
	}
	if got := b.bodies(r, set)[found[0]].InternalDate; !got.Equal(date) {
		b.Errorf("fetched %s", got)
	}
}

func (b *bench) undated(w mailbox.Wire) {
	fence := b.next(w)
	before := time.Now()
	b.add(w, endpoint.Outgoing{Content: letter(1)})
	r := b.examine(w)
	defer r.Close()
	got := b.scanned(r, mailbox.SetOf(b.since(w, fence, 1)...))[0].InternalDate
	if got.Before(before.Add(-time.Minute)) || got.After(time.Now().Add(time.Minute)) {
		b.Errorf("%s is not the present", got)
	}
}

// testFlags: system flags and keywords arrive as they were sent.
func testFlags(t *testing.T, f Factory) {
	b := f.open(t)
	w := b.make("Flags")
	sets := [][]mailbox.Flag{
		nil, {mailbox.Seen}, {mailbox.Answered, mailbox.Flagged}, {mailbox.Draft}, {mailbox.Deleted}, {`\seen`, `\FLAGGED`},
		{mailbox.Answered, mailbox.Deleted, mailbox.Draft, mailbox.Flagged, mailbox.Seen},
		{"$Forwarded"}, {"NonJunk", mailbox.Seen}, {"$label1", "$Label5", "$MDNSent"}, {"Junk", "$Junk", "$NotJunk"}, {"with-dash", "with.dot", "with_line"},
	}
	if st := b.target(w).State(); !st.Keywords {
		t.Skip("the mailbox takes no new keywords")
	}
	for _, flags := range sets {
		t.Run(fmt.Sprint(flags), func(t *testing.T) {
			b := b.with(t)
			found := mailbox.SetOf(b.add(w, outgoing(letter(1), flags...))...)
			r := b.examine(w)
			defer r.Close()
			if got := b.scanned(r, found)[0].Flags; !mailbox.SameFlags(got, flags) {
				b.Errorf("scanned %q", got)
			}
			for _, m := range b.bodies(r, found) {
				if !mailbox.SameFlags(m.Flags, flags) {
					b.Errorf("fetched %q", m.Flags)
				}
			}
		})
	}
}
