package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"time"

	"imapmigrate/pkg/mailbox"
)

const (
	rowVersion = 1
	maxReason  = 1000
	headerLen  = 1 + 4
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	errRow     = errors.New("a row does not match its checksum")
)

// seal puts a version and a checksum over key and value in front: bbolt has no checksum of its own on data pages.
func seal(key, value []byte) []byte {
	out := make([]byte, headerLen, headerLen+len(value))
	out[0] = rowVersion
	binary.BigEndian.PutUint32(out[1:], checksum(key, value))
	return append(out, value...)
}

func unseal(key, sealed []byte) ([]byte, error) {
	if len(sealed) < headerLen {
		return nil, errRow
	}
	if sealed[0] != rowVersion {
		return nil, fmt.Errorf("%w: it has version %d, this program knows %d", errRow, sealed[0], rowVersion)
	}
	value := sealed[headerLen:]
	if checksum(key, value) != binary.BigEndian.Uint32(sealed[1:]) {
		return nil, errRow
	}
	return value, nil
}

func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

// What a row has beside its state, size and place; what it has not costs no byte.
const (
	hasDate = 1 << iota
	hasDigest
	hasFlags
	hasDropped
	hasProvedAt
	hasReason
)

func (r Row) encode() []byte {
	b := append(appendState(make([]byte, 0, 80), r.State()), 0)
	has := len(b) - 1
	b = binary.AppendVarint(b, r.Size)
	b = binary.AppendUvarint(b, uint64(r.Dest))
	if !r.Date.IsZero() {
		b[has] |= hasDate
		b = appendTime(b, r.Date)
	}
	if r.Digest != (mailbox.Digest{}) {
		b[has] |= hasDigest
		b = append(b, r.Digest[:]...)
	}
	if len(r.Flags) > 0 {
		b[has] |= hasFlags
		b = appendFlags(b, r.Flags)
	}
	if len(r.Dropped) > 0 {
		b[has] |= hasDropped
		b = appendFlags(b, r.Dropped)
	}
	if !r.ProvedAt.IsZero() {
		b[has] |= hasProvedAt
		b = appendTime(b, r.ProvedAt)
	}
	if r.Reason != "" {
		b[has] |= hasReason
		b = appendText(b, r.Reason[:min(len(r.Reason), maxReason)])
	}
	return b
}

func decodeRow(uid mailbox.UID, b []byte) (Row, error) {
	d := decoder{b: b}
	s := d.state()
	has := d.byte()
	r := Row{UID: uid, Outcome: s.Outcome, Proof: s.Proof, Removal: s.Removal, Size: d.varint()}
	r.Dest = mailbox.UID(d.uvarint())
	if has&hasDate != 0 {
		r.Date = d.time()
	}
	if has&hasDigest != 0 {
		copy(r.Digest[:], d.take(len(r.Digest)))
	}
	if has&hasFlags != 0 {
		r.Flags = d.flags()
	}
	if has&hasDropped != 0 {
		r.Dropped = d.flags()
	}
	if has&hasProvedAt != 0 {
		r.ProvedAt = d.time()
	}
	if has&hasReason != 0 {
		r.Reason = d.text()
	}
	if d.bad || len(d.b) > 0 || has >= hasReason<<1 {
		return Row{}, errRow
	}
	return r, nil
}

// appendState writes three small numbers into two bytes.
func appendState(b []byte, s State) []byte {
	return append(b, byte(s.Outcome)|byte(s.Removal)<<4, byte(s.Proof))
}

// state reads what appendState wrote; a number without a name is a fault.
func (d *decoder) state() State {
	first, second := d.byte(), d.byte()
	s := State{Outcome: Outcome(first & 15), Proof: Proof(second), Removal: Removal(first >> 4)}
	if s.Outcome < Intended || int(s.Outcome) >= len(outcomeNames) || int(s.Proof) >= len(proofNames) || int(s.Removal) >= len(removalNames) {
		d.bad = true
		return State{}
	}
	return s
}

// appendTime writes seconds and the zone's offset in minutes.
func appendTime(b []byte, t time.Time) []byte {
	_, offset := t.Zone()
	return binary.AppendVarint(binary.AppendVarint(b, t.Unix()), int64(offset/60))
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// usual are the flags that most mail has; each is one byte in the file. The list may only grow at its end, up to unusual.
var usual = []mailbox.Flag{mailbox.Seen, mailbox.Answered, mailbox.Flagged, mailbox.Draft, mailbox.Deleted, "$Forwarded", "$MDNSent", "$Junk", "$NotJunk",
	"Junk", "NonJunk", "NotJunk", "Forwarded", "$label1", "$label2", "$label3", "$label4", "$label5", "$Phishing", "$Important", "$Submitted"}

// unusual is what the length of any other flag is raised by.
const unusual = 64

func appendFlags(b []byte, flags []mailbox.Flag) []byte {
	b = binary.AppendUvarint(b, uint64(len(flags)))
	for _, f := range flags {
		if i := slices.Index(usual, f); i >= 0 {
			b = append(b, byte(i))
			continue
		}
		b = append(binary.AppendUvarint(b, uint64(len(f))+unusual), f...)
	}
	return b
}

// decoder reads what the append functions write; after the first fault bad stays set and everything reads as zero.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) take(n int) []byte {
	if d.bad || n < 0 || n > len(d.b) {
		d.bad = true
		return nil
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.take(n)
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.take(n)
	return v
}

func (d *decoder) time() time.Time {
	seconds, minutes := d.varint(), d.varint()
	if minutes == 0 {
		return time.Unix(seconds, 0).UTC()
	}
	return time.Unix(seconds, 0).In(time.FixedZone("", int(minutes)*60))
}

func (d *decoder) text() string { return string(d.take(int(min(d.uvarint(), 1<<20)))) }

func (d *decoder) flags() []mailbox.Flag {
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		d.bad = true
		return nil
	}
	var flags []mailbox.Flag
	for range n {
		flags = append(flags, d.flag())
	}
	return flags
}

func (d *decoder) flag() mailbox.Flag {
	n := d.uvarint()
	switch {
	case n < uint64(len(usual)):
		return usual[n]
	case n < unusual:
		d.bad = true
		return ""
	}
	return mailbox.Flag(d.take(int(min(n-unusual, 1<<20))))
}
