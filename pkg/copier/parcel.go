package copier

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/ledger"
	"imapmigrate/pkg/mailbox"
)

// parcel is a message as it will be sent; the row says what is recorded.
type parcel struct {
	row     ledger.Row
	out     endpoint.Outgoing
	content *spooled
	most    int // messages that the batch with this one may have, after a batch was refused; 0 sets no limit
}

// earliest is the first internal date that every server takes and keeps: some refuse what is older, and Cyrus and Courier take the epoch
// itself for "no date".
var earliest = time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC)

// pack leaves off the flags that the destination does not take, and remembers them.
func pack(i item, state endpoint.State) parcel {
	p := parcel{row: i.row(), content: i.content, out: endpoint.Outgoing{InternalDate: i.message.InternalDate, Content: i.content}}
	for _, f := range p.row.Flags {
		if takes(state, f) {
			p.out.Flags = append(p.out.Flags, f)
		} else {
			p.row.Dropped = append(p.row.Dropped, f)
		}
	}
	return p
}

// takes reports whether a destination keeps flag f. A server that sends no PERMANENTFLAGS keeps all (RFC 9051 section 7.1).
func takes(state endpoint.State, f mailbox.Flag) bool {
	if !f.System() && !f.Keyword() {
		return false
	}
	return state.Permanent == nil || slices.ContainsFunc(state.Permanent, f.Equal) || (state.Keywords && f.Keyword())
}

// yield prepares another try of a refused message with less: first without keywords, then, before 1970, with the earliest date that every
// server takes. What is left off is recorded. It reports whether there was anything left to leave off.
func (p *parcel) yield() bool {
	keywords := slices.ContainsFunc(p.out.Flags, func(f mailbox.Flag) bool { return !f.System() })
	switch {
	case keywords:
		for _, f := range p.out.Flags {
			if !f.System() {
				p.row.Dropped = append(p.row.Dropped, f)
			}
		}
		p.out.Flags = slices.DeleteFunc(p.out.Flags, func(f mailbox.Flag) bool { return !f.System() })
	case !p.out.InternalDate.IsZero() && p.out.InternalDate.Before(earliest):
		p.row.Reason = fmt.Sprintf("the destination refused its internal date %s; sent as %s", p.out.InternalDate.Format(time.RFC3339), earliest.Format(time.RFC3339))
		p.out.InternalDate = earliest
	default:
		return false
	}
	return true
}

// suspect reports whether p has what servers are known to refuse a message for: a line end without its carriage return, NUL, nothing at
// all, a first line that is no header field, a keyword, a date before 1970. Only a guess, of use when a batch was refused: these are then
// tried alone, and the others are spared the halving.
func (p *parcel) suspect() bool {
	if len(p.out.Flags) > 0 && slices.ContainsFunc(p.out.Flags, func(f mailbox.Flag) bool { return !f.System() }) {
		return true
	}
	if p.out.InternalDate.Before(earliest) || p.row.Size == 0 {
		return true
	}
	first := true
	var before byte = '\n'
	chunk := make([]byte, 64<<10)
	for r := p.content.Reader(); ; {
		n, err := r.Read(chunk)
		part := chunk[:n]
		if first && n > 0 {
			line, _, _ := bytes.Cut(part, []byte("\n"))
			colon := bytes.IndexByte(line, ':')
			if colon <= 0 || bytes.ContainsAny(line[:colon], " \t") {
				return true
			}
			first = false
		}
		if bytes.IndexByte(part, 0) >= 0 || bareNewline(before, part) {
			return true
		}
		if n > 0 {
			before = part[n-1]
		}
		if err != nil {
			return err != io.EOF
		}
	}
}

// bareNewline reports whether part, which follows the byte before, holds a newline without a carriage return in front.
func bareNewline(before byte, part []byte) bool {
	for len(part) > 0 {
		i := bytes.IndexByte(part, '\n')
		if i < 0 {
			return false
		}
		if i > 0 {
			before = part[i-1]
		}
		if before != '\r' {
			return true
		}
		before, part = '\n', part[i+1:]
	}
	return false
}

// batches groups parcels, in their order, as far as each allows and by count and bytes; a parcel is never left out.
func batches(parcels []parcel, count int, size int64) [][]parcel {
	var out [][]parcel
	var open []parcel
	var bytes int64
	most := count
	for _, p := range parcels {
		limit := most
		if p.most > 0 {
			limit = min(limit, p.most)
		}
		if len(open) > 0 && (len(open) >= limit || bytes+p.row.Size > size) {
			out, open, bytes, most = append(out, open), nil, 0, count
		}
		open = append(open, p)
		bytes += p.row.Size
		if p.most > 0 {
			most = min(most, p.most)
		}
	}
	if len(open) > 0 {
		out = append(out, open)
	}
	return out
}

// release gives the contents' memory and disk back.
func release(parcels []parcel) {
	for _, p := range parcels {
		p.content.Close()
	}
}
