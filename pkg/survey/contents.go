package survey

import (
	"slices"
	"time"

	"imapmigrate/pkg/mailbox"
)

// Contents is what a scan found in one mailbox: counters over its messages' metadata, never the messages. Sizes are RFC822.SIZE, in bytes.
type Contents struct {
	Messages int64
	Bytes    int64 // of those whose size the server told
	Unsized  int64 // messages whose size it did not
	Oldest   time.Time
	Newest   time.Time // zero, as Oldest, when no date could be read
	Unseen   int64     // without \Seen
	Deleted  int64     // marked \Deleted
	Largest  int64

	Wanted      int64 // messages that the question's filter takes
	WantedBytes int64
	TooLarge    int64 // of the wanted, those above Asked.Limit
	OddDates    int64 // of the wanted, those whose date is unreadable, before 1971 or after 2037: not every server takes them
	OddFlags    int64 // of the wanted, those with a flag that is neither one of the five nor a keyword that can be sent
	Keyworded   int64 // of the wanted, those with keywords
	Keywords    []mailbox.Flag

	// Homeless is, of a view (Asked.View), how many messages have no like in any other mailbox that was asked about; -1: it could not be told.
	Homeless int64
	Problem  string // why the scan came to no end: the counters are too small then
}

// Complete reports whether the counters are those of all messages.
func (c *Contents) Complete() bool { return c != nil && c.Problem == "" }

// mostKeywords is how many keywords of a mailbox are kept by name.
const mostKeywords = 20

// Years whose dates every server takes: Cyrus refuses what is before 1970, time zones aside, and old ones end in 2038.
const (
	firstYear = 1971
	lastYear  = 2037
)

// count adds one message.
func (c *Contents) count(m mailbox.Message, q *Question, limit int64) {
	c.Messages++
	if m.Size < 0 {
		c.Unsized++
	} else {
		c.Bytes += m.Size
		c.Largest = max(c.Largest, m.Size)
	}
	if !m.InternalDate.IsZero() {
		if c.Oldest.IsZero() || m.InternalDate.Before(c.Oldest) {
			c.Oldest = m.InternalDate
		}
		if m.InternalDate.After(c.Newest) {
			c.Newest = m.InternalDate
		}
	}
	has := func(f mailbox.Flag) bool { return slices.ContainsFunc(m.Flags, f.Equal) }
	if !has(mailbox.Seen) {
		c.Unseen++
	}
	if has(mailbox.Deleted) {
		c.Deleted++
	}
	if q.wants(m) {
		c.countWanted(m, limit)
	}
}

func (c *Contents) countWanted(m mailbox.Message, limit int64) {
	c.Wanted++
	c.WantedBytes += max(m.Size, 0)
	if limit >= 0 && m.Size > limit {
		c.TooLarge++
	}
	if y := m.InternalDate.Year(); m.InternalDate.IsZero() || y < firstYear || y > lastYear {
		c.OddDates++
	}
	odd, keyworded := false, false
	for _, f := range m.Flags {
		switch {
		case f.System() || f.Equal(mailbox.Recent):
		case !f.Keyword():
			odd = true
		default:
			keyworded = true
			if len(c.Keywords) < mostKeywords && !slices.ContainsFunc(c.Keywords, f.Equal) {
				c.Keywords = append(c.Keywords, f)
			}
		}
	}
	if odd {
		c.OddFlags++
	}
	if keyworded {
		c.Keyworded++
	}
}
