package ledger

// Count is a number of messages and their bytes.
type Count struct {
	Messages int64 `json:"messages"`
	Bytes    int64 `json:"bytes"`
}

func (c *Count) add(bytes int64) { c.Messages++; c.Bytes += bytes }

// Counts sum up the rows of one mailbox.
type Counts struct {
	Outcome map[Outcome]Count
	Proof   map[Proof]Count   // of messages that are on the destination
	Removal map[Removal]Count // of messages that are on the destination
	Total   Count
}

// Counts reads all rows of a mailbox once.
func (l *Ledger) Counts(m Mailbox) (Counts, error) {
	c := Counts{map[Outcome]Count{}, map[Proof]Count{}, map[Removal]Count{}, Count{}}
	err := l.Each(m, func(r Row) error {
		bump(c.Outcome, r.Outcome, r.Size)
		c.Total.add(r.Size)
		if r.Outcome.Present() {
			bump(c.Proof, r.Proof, r.Size)
			bump(c.Removal, r.Removal, r.Size)
		}
		return nil
	})
	return c, err
}

func bump[K comparable](m map[K]Count, k K, bytes int64) {
	c := m[k]
	c.add(bytes)
	m[k] = c
}
