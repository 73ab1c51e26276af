package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"imapmigrate/pkg/mailbox"
)

// Outcome is what became of a source message. Every message ends in exactly one.
type Outcome uint8

// The outcomes. Intended is not an end: the message may or may not be on the destination, and the destination has to be asked.
const (
	Intended Outcome = iota + 1
	Copied
	AlreadyThere
	Excluded
	Vanished
	Oversize
	Refused
)

// Outcomes lists them in the order in which reports show them.
var Outcomes = []Outcome{Copied, AlreadyThere, Excluded, Vanished, Oversize, Refused, Intended}

var outcomeNames = [...]string{"none", "in doubt", "copied", "already there", "excluded", "vanished", "oversize", "refused"}

func (o Outcome) String() string { return outcomeNames[o] }

// Good reports whether a message with that outcome needs nobody's attention.
func (o Outcome) Good() bool { return o >= Copied && o <= Vanished }

// Present reports whether a message with that outcome is on the destination.
func (o Outcome) Present() bool { return o == Copied || o == AlreadyThere }

// Proof is what verification found. Only ProvedContent may ever lead to a removal.
type Proof uint8

// The proofs.
const (
	Unproved       Proof = iota
	ProvedMetadata       // there, with the date and flags that were sent; bytes not compared
	ProvedContent        // the destination's bytes have the recorded digest
	Altered              // the destination's bytes have another digest
	Missing              // the destination does not have it
)

var proofNames = [...]string{"unverified", "metadata verified", "verified", "altered", "missing"}

func (p Proof) String() string { return proofNames[p] }

// Removal is how far purge has come with a message.
type Removal uint8

// The steps of a removal.
const (
	Kept    Removal = iota
	Purging         // about to be flagged \Deleted, or flagged, or expunged: the source has to be asked
	Gone            // absence seen
)

var removalNames = [...]string{"kept", "purging", "gone"}

func (r Removal) String() string { return removalNames[r] }

// Row is all that is known of one source message.
type Row struct {
	UID      mailbox.UID
	Outcome  Outcome
	Proof    Proof
	Removal  Removal
	Size     int64          // bytes, as framed by the source
	Date     time.Time      // internal date with its zone, second precision; zero when the source gave none that can be read
	Flags    []mailbox.Flag // the source's at the time of the copy, in the form of [mailbox.Flags]
	Dropped  []mailbox.Flag // those of Flags that the destination does not take
	Digest   mailbox.Digest // of the source's bytes; zero when they were never read
	Dest     mailbox.UID    // on the destination, 0 while not known
	ProvedAt time.Time      // second precision
	Reason   string         // for an outcome or proof that is not good: the words; bounded
}

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

func (r Row) encode() []byte {
	b := make([]byte, 0, 80)
	b = append(b, byte(r.Outcome), byte(r.Proof), byte(r.Removal))
	b = binary.AppendVarint(b, r.Size)
	b = appendTime(b, r.Date)
	b = binary.AppendUvarint(b, uint64(r.Dest))
	b = append(b, r.Digest[:]...)
	b = appendFlags(b, r.Flags)
	b = appendFlags(b, r.Dropped)
	b = appendTime(b, r.ProvedAt)
	return appendText(b, r.Reason[:min(len(r.Reason), maxReason)])
}

func decodeRow(uid mailbox.UID, b []byte) (Row, error) {
	d := decoder{b: b}
	r := Row{UID: uid, Outcome: Outcome(d.byte()), Proof: Proof(d.byte()), Removal: Removal(d.byte())}
	r.Size = d.varint()
	r.Date = d.time()
	r.Dest = mailbox.UID(d.uvarint())
	copy(r.Digest[:], d.take(len(r.Digest)))
	r.Flags = d.flags()
	r.Dropped = d.flags()
	r.ProvedAt = d.time()
	r.Reason = d.text()
	if d.bad || len(d.b) > 0 || r.Outcome < Intended || r.Outcome > Refused || r.Proof > Missing || r.Removal > Gone {
		return Row{}, errRow
	}
	return r, nil
}

// appendTime writes seconds and the zone's offset in minutes; the zero time is one byte.
func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, 0)
	}
	_, offset := t.Zone()
	b = append(b, 1)
	b = binary.AppendVarint(b, t.Unix())
	return binary.AppendVarint(b, int64(offset/60))
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendFlags(b []byte, flags []mailbox.Flag) []byte {
	b = binary.AppendUvarint(b, uint64(len(flags)))
	for _, f := range flags {
		b = appendText(b, string(f))
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
	if d.byte() == 0 {
		return time.Time{}
	}
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
		flags = append(flags, mailbox.Flag(d.text()))
	}
	return flags
}
