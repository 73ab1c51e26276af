package ledger

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"imapmigrate/pkg/mailbox"
)

// sameRow compares what a row means: instants with their zone's offset, and no difference between no flags and an empty list.
var sameRow = cmp.Options{
	cmp.Comparer(func(a, b time.Time) bool {
		_, x := a.Zone()
		_, y := b.Zone()
		return a.Equal(b) && x == y && a.IsZero() == b.IsZero()
	}),
	cmp.Comparer(func(a, b []mailbox.Flag) bool {
		if len(a) != len(b) {
			return false
		}
		for i := range a {
			if a[i] != b[i] {
				return false
			}
		}
		return true
	}),
}

func drawTime(t *rapid.T, label string) time.Time {
	if rapid.Bool().Draw(t, label+" is zero") {
		return time.Time{}
	}
	zone := time.FixedZone("", 60*rapid.IntRange(-14*60, 14*60).Draw(t, label+" zone"))
	return time.Unix(rapid.Int64Range(-3e9, 1e11).Draw(t, label), 0).In(zone)
}

func drawRow(t *rapid.T) Row {
	flags := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) mailbox.Flag { return mailbox.Flag(rapid.String().Draw(t, "flag")) }), 0, 8)
	r := Row{
		UID:      mailbox.UID(rapid.Uint32Min(1).Draw(t, "uid")),
		Outcome:  Outcome(rapid.IntRange(int(Intended), int(RolledBack)).Draw(t, "outcome")),
		Proof:    Proof(rapid.IntRange(0, int(Missing)).Draw(t, "proof")),
		Removal:  Removal(rapid.IntRange(0, int(RollingBack)).Draw(t, "removal")),
		Size:     rapid.Int64().Draw(t, "size"),
		Date:     drawTime(t, "date"),
		Flags:    flags.Draw(t, "flags"),
		Dropped:  flags.Draw(t, "dropped"),
		Dest:     mailbox.UID(rapid.Uint32().Draw(t, "dest")),
		ProvedAt: drawTime(t, "proved"),
		Reason:   rapid.StringN(0, 100, maxReason).Draw(t, "reason"),
	}
	copy(r.Digest[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "digest"))
	return r
}

func TestRowSurvivesItsCoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawRow(t)
		got, err := decodeRow(want.UID, want.encode())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got, sameRow); d != "" {
			t.Error(d)
		}
	})
}

// TestEveryFlippedBitIsSeen holds the one promise that bbolt does not make: no page of it has a checksum.
func TestEveryFlippedBitIsSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRow(t)
		key := rowKey(rapid.Uint32().Draw(t, "mailbox"), r.UID)
		sealed := seal(key, r.encode())
		for i := range sealed {
			for bit := range 8 {
				sealed[i] ^= 1 << bit
				if _, err := openRow(key, sealed); err == nil {
					t.Fatalf("bit %d of byte %d of %d flipped, and nobody saw it", bit, i, len(sealed))
				}
				sealed[i] ^= 1 << bit
			}
		}
		for i := range key {
			key[i] ^= 1
			if _, err := openRow(key, sealed); err == nil {
				t.Fatalf("a row under another key was believed (byte %d)", i)
			}
			key[i] ^= 1
		}
		for n := range sealed {
			if _, err := openRow(key, sealed[:n]); err == nil {
				t.Fatalf("the first %d of %d bytes were believed", n, len(sealed))
			}
		}
	})
}

func TestLongReasonIsBounded(t *testing.T) {
	r := Row{UID: 1, Outcome: Refused, Reason: string(make([]byte, 10*maxReason))}
	got, err := decodeRow(1, r.encode())
	if err != nil || len(got.Reason) != maxReason {
		t.Errorf("a reason of %d bytes is kept as %d, %v", len(r.Reason), len(got.Reason), err)
	}
}

func FuzzDecodeRow(f *testing.F) {
	f.Add(Row{UID: 1, Outcome: Copied, Dest: 7, Flags: []mailbox.Flag{mailbox.Seen, "$Forwarded"}, Date: time.Unix(1e9, 0).UTC()}.encode())
	f.Add(Row{UID: 1, Outcome: Refused, Reason: "too big"}.encode())
	f.Add([]byte{2, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeRow(9, b)
		if err != nil {
			return
		}
		again, err := decodeRow(9, r.encode())
		if err != nil && len(r.Reason) <= maxReason {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if d := cmp.Diff(r, again, sameRow); d != "" && len(r.Reason) <= maxReason {
			t.Error(d)
		}
	})
}
