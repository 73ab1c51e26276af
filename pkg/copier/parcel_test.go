package copier

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

func parcelOf(t *testing.T, uid mailbox.UID, content string, flags ...mailbox.Flag) parcel {
	t.Helper()
	s, err := spool(t.TempDir(), newBudget(1<<20), endpoint.Body{Content: bytes.NewReader([]byte(content)), Size: int64(len(content))})
	if err != nil {
		t.Fatal(err)
	}
	return parcel{row: ledger.Row{UID: uid, Size: s.size}, content: s, out: endpoint.Outgoing{Flags: flags, InternalDate: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}}
}

func TestSuspects(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		flags   []mailbox.Flag
		want    bool
	}{
		"plain":                     {"Subject: a\r\n\r\nbody\r\n", nil, false},
		"plain, seen":               {"Subject: a\r\n\r\nbody\r\n", []mailbox.Flag{mailbox.Seen}, false},
		"no final line end":         {"Subject: a\r\n\r\nbody", nil, false},
		"keyword":                   {"Subject: a\r\n\r\nbody\r\n", []mailbox.Flag{"$Forwarded"}, true},
		"bare newline":              {"Subject: a\r\n\r\nbo\ndy\r\n", nil, true},
		"bare newline in front":     {"\nSubject: a\r\n\r\n", nil, true},
		"bare newline far behind":   {"Subject: a\r\n\r\n" + string(bytes.Repeat([]byte("0123456789abcd\r\n"), 8192)) + "\n", nil, true},
		"line end across the parts": {"Subject: " + string(bytes.Repeat([]byte("x"), 64<<10-10)) + "\r\n\r\n", nil, false},
		"no colon":                  {"no header here\r\n\r\n", nil, true},
		"blank before colon":        {"From me: x\r\n\r\n", nil, true},
		"NUL":                       {"Subject: a\r\n\r\n\x00\r\n", nil, true},
		"empty":                     {"", nil, true},
	} {
		p := parcelOf(t, 1, c.content, c.flags...)
		if got := p.suspect(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	old := parcelOf(t, 1, "Subject: a\r\n\r\n")
	old.out.InternalDate = time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC)
	if !old.suspect() {
		t.Error("a date before 1970 is none")
	}
}

// Batches leave nothing out, keep the order, and are no larger than any member allows.
func TestBatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []parcel
		for i := range rapid.IntRange(0, 40).Draw(t, "parcels") {
			all = append(all, parcel{row: ledger.Row{UID: mailbox.UID(i + 1), Size: rapid.Int64Range(0, 100).Draw(t, "size")}, most: rapid.IntRange(0, 4).Draw(t, "most")})
		}
		count, size := rapid.IntRange(1, 10).Draw(t, "count"), rapid.Int64Range(1, 300).Draw(t, "bytes")
		var joined []parcel
		for _, b := range batches(all, count, size) {
			var bytes int64
			for _, p := range b {
				if bytes += p.row.Size; p.most > 0 && len(b) > p.most {
					t.Fatalf("%d together, of which one allows %d", len(b), p.most)
				}
			}
			if len(b) == 0 || len(b) > count || (bytes > size && len(b) > 1) {
				t.Fatalf("a batch of %d with %d bytes", len(b), bytes)
			}
			joined = append(joined, b...)
		}
		if !slices.EqualFunc(joined, all, func(a, b parcel) bool { return a.row.UID == b.row.UID }) {
			t.Fatalf("%d parcels came out of %d, or in another order", len(joined), len(all))
		}
	})
}

// However a refused batch is parted, in the end whoever is refused stands alone.
func TestPartingIsolatesEveryCulprit(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(2, 60).Draw(r, "messages")
		culprit := map[mailbox.UID]bool{}
		var waiting []parcel
		for i := range n {
			uid := mailbox.UID(i + 1)
			content := "Subject: a\r\n\r\n"
			if rapid.IntRange(0, 9).Draw(r, "odd") == 0 {
				content = "odd\n"
			}
			culprit[uid] = rapid.IntRange(0, 9).Draw(r, "refused") == 0
			waiting = append(waiting, parcelOf(t, uid, content))
		}
		stored, refused := 0, 0
		for rounds := 0; len(waiting) > 0; rounds++ {
			if rounds > 4*n+8 {
				t.Fatalf("%d messages and no end after %d batches", n, rounds)
			}
			batch := batches(waiting, n, 1<<20)[0]
			waiting = waiting[len(batch):]
			bad := slices.ContainsFunc(batch, func(p parcel) bool { return culprit[p.row.UID] })
			switch {
			case !bad:
				stored += len(batch)
			case len(batch) == 1:
				refused++
			default:
				l := landing{batch: slices.Clone(batch)}
				var all []int
				for i := range batch {
					all = append(all, i)
				}
				l.part(all)
				waiting = append(l.batch, waiting...)
			}
		}
		for _, bad := range culprit {
			if bad {
				refused--
			} else {
				stored--
			}
		}
		if stored != 0 || refused != 0 {
			t.Fatalf("%d stored and %d refused too many", stored, refused)
		}
	})
}
