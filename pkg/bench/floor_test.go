package bench

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"

	"imapmigrate/pkg/imaptest"
)

// floorJob is one copy by raw sockets: Readers connections fetch, Writers connections append at the same time. Commands are written as they
// are read, without a look at them.
type floorJob struct {
	From, FromUser, To, ToUser string // addresses and users
	Boxes                      []box
	Messages                   []int // in each box
	Readers, Writers           int
	Batch                      int  // messages in one APPEND
	Spread                     bool // all Writers into the same mailbox, in no order
}

// appending is how many APPEND commands are under way on one connection.
const appending = 2

// budget bounds the bytes that were read and not yet written.
const budget = 48 << 20

// stream is one mailbox on its way from a reader to a writer.
type stream struct {
	to      string
	batches chan *bytes.Buffer
}

// floorRun is a floorJob under way.
type floorRun struct {
	*floorJob
	streams chan stream
	spare   sync.Pool

	mu   sync.Mutex
	room *sync.Cond
	held int
	err  error
}

func (j *floorJob) run() error {
	r := &floorRun{floorJob: j, streams: make(chan stream, len(j.Boxes)), spare: sync.Pool{New: func() any { return new(bytes.Buffer) }}}
	r.room = sync.NewCond(&r.mu)
	order := make(chan int, len(j.Boxes))
	for _, i := range j.largestFirst() {
		order <- i
	}
	close(order)
	var readers, writers sync.WaitGroup
	for range j.Readers {
		readers.Go(func() { r.fail(r.read(order)) })
	}
	for range j.Writers {
		writers.Go(func() { r.fail(r.write()) })
	}
	readers.Wait()
	close(r.streams)
	writers.Wait()
	return r.err
}

func (j *floorJob) largestFirst() []int {
	order := make([]int, len(j.Boxes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return j.Messages[b] - j.Messages[a] })
	return order
}

// fail keeps the first error. The others would wait for each other, and the process is of no more use.
func (r *floorRun) fail(err error) {
	if err != nil {
		exit(fmt.Errorf("floor: %w", err))
	}
}

func (r *floorRun) read(order <-chan int) error {
	c, err := dialRaw(r.From, r.FromUser)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	for i := range order {
		n, err := c.examine(r.Boxes[i].From)
		if err != nil {
			return err
		}
		s := stream{r.Boxes[i].To, make(chan *bytes.Buffer, n/r.Batch+1)}
		r.streams <- s
		for range map[bool]int{true: r.Writers - 1}[r.Spread] {
			r.streams <- s
		}
		if err := r.readBox(c, s, n); err != nil {
			return err
		}
	}
	return nil
}

// readBox makes APPEND commands of a mailbox, without their tags and ends.
func (r *floorRun) readBox(c *raw, s stream, n int) error {
	defer close(s.batches)
	open, next := map[int]*filling{}, 0
	return c.fetch(1, n, r.Batch, func(head []byte, size int, content io.Reader) error {
		number, err := strconv.Atoi(string(between(head, "* ", " ")))
		if err != nil {
			return err
		}
		i := (number - 1) / r.Batch
		if open[i] == nil {
			open[i] = &filling{r.begin(s.to), min(r.Batch, n-i*r.Batch)}
		}
		batch := open[i].Buffer
		batch.WriteString(" (")
		for _, f := range bytes.Fields(between(head, "FLAGS (", ")")) {
			if !bytes.Equal(f, []byte(`\Recent`)) {
				if b := batch.Bytes(); b[len(b)-1] != '(' {
					batch.WriteByte(' ')
				}
				batch.Write(f)
			}
		}
		batch.WriteString(`) "`)
		batch.Write(between(head, `INTERNALDATE "`, `"`))
		batch.WriteString(`" {` + strconv.Itoa(size) + "+}\r\n")
		if _, err := io.CopyN(batch, content, int64(size)); err != nil {
			return err
		}
		for open[i].missing--; open[next] != nil && open[next].missing == 0; next++ {
			r.hold(open[next].Len())
			s.batches <- open[next].Buffer
			delete(open, next)
		}
		return nil
	})
}

// filling is a batch that is not complete. There may be several: a server that waits with one FETCH for us to read may go on with the next.
type filling struct {
	*bytes.Buffer
	missing int
}

func (r *floorRun) begin(to string) *bytes.Buffer {
	b := r.spare.Get().(*bytes.Buffer)
	b.Reset()
	b.WriteString(" APPEND " + imaptest.Quote(to))
	return b
}

func (r *floorRun) hold(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.held > budget {
		r.room.Wait()
	}
	r.held += n
}

func (r *floorRun) drop(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held -= n
	r.room.Broadcast()
}

func (r *floorRun) write() error {
	c, err := dialRaw(r.To, r.ToUser)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	open := 0
	for s := range r.streams {
		if s.to != "INBOX" {
			if err := c.send("CREATE " + imaptest.Quote(s.to)); err != nil { // its answer is awaited with the others
				return err
			}
			open++
		}
		for batch := range s.batches {
			if err := c.append(batch); err != nil {
				return err
			}
			r.drop(batch.Len())
			r.spare.Put(batch)
			for open++; open > appending; open-- {
				if err := c.wait(nil); err != nil {
					return err
				}
			}
		}
	}
	for ; open > 0; open-- {
		if err := c.wait(nil); err != nil {
			return err
		}
	}
	return nil
}

func (c *raw) append(batch *bytes.Buffer) error {
	c.tag++
	fmt.Fprintf(c.w, "t%d", c.tag)
	c.w.Write(batch.Bytes())
	c.w.WriteString("\r\n")
	return c.w.Flush()
}
