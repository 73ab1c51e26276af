package bench

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"imapmigrate/pkg/imaptest"
	"imapmigrate/testdata/message"
)

// corpus is one account's mail. Its messages are made anew each time they are asked for, always the same.
type corpus struct {
	name  string
	boxes []box
	batch int // messages in one MULTIAPPEND of the floor
	bytes int64
}

// box is one mailbox.
type box struct {
	From, To string // on the source and on the destination
	sizes    []int
	seed     uint64
}

// medium is a grown account: 10,000 messages, 500 MB, 48 mailboxes from 40 to 2,000 messages, sizes from 2 KB to 3 MB.
func medium(scale float64) *corpus {
	c := &corpus{name: "medium", batch: 50}
	random := rand.New(rand.NewPCG(48, 500))
	left := 10_000
	for i := range 48 {
		n := []int{2000, 1500, 1000, 700, 500}[min(i, 4)]
		if i >= 4 {
			n = left / (48 - i)
		}
		left -= n
		c.add(i, max(1, int(float64(n)*scale)), func() int { return mixed(random) })
	}
	return c
}

// many is one mailbox of 50,000 messages of 4 KB.
func many(scale float64) *corpus {
	c := &corpus{name: "many", batch: 200}
	c.add(0, int(50_000*scale), func() int { return 4096 })
	return c
}

func (c *corpus) add(i, n int, size func() int) {
	b := box{From: "INBOX", To: "INBOX", seed: uint64(i)}
	if i > 0 {
		b.From, b.To = fmt.Sprintf("INBOX.box %02d", i), fmt.Sprintf("box %02d", i)
	}
	for range n {
		s := size()
		b.sizes = append(b.sizes, s)
		c.bytes += int64(s)
	}
	c.boxes = append(c.boxes, b)
}

// mixed is 50 KB in the mean: letters, letters with pictures, a few with large attachments.
func mixed(random *rand.Rand) int {
	switch p := random.IntN(1000); {
	case p < 600:
		return 2<<10 + random.IntN(10<<10)
	case p < 850:
		return 16<<10 + random.IntN(48<<10)
	case p < 970:
		return 80<<10 + random.IntN(140<<10)
	case p < 998:
		return 300<<10 + random.IntN(400<<10)
	}
	return 1<<20 + random.IntN(2<<20)
}

func (c *corpus) messages() (n int) {
	for _, b := range c.boxes {
		n += len(b.sizes)
	}
	return n
}

// message is the i-th of a box.
func (b *box) message(i int) imaptest.RawMessage {
	random := rand.New(rand.NewPCG(b.seed, uint64(i)))
	date := time.Date(2010, 1, 1, 0, 0, i*1000, 0, time.FixedZone("", 3600))
	var body bytes.Buffer
	body.Grow(b.sizes[i] + 512)
	fmt.Fprintf(&body, "Date: %s\r\nFrom: Bob Builder <bob@example.org>\r\nTo: Alice Adams <alice@old.example>\r\nSubject: Report %d\r\nMessage-ID: <%d.%d@bench.example.org>\r\n\r\n",
		date.Format(time.RFC1123Z), i, b.seed, i)
	text := pool()
	for body.Len() < b.sizes[i] {
		begin := random.IntN(len(text)/row) * row
		body.Write(text[begin:min(len(text), begin+(b.sizes[i]-body.Len()+row-1)/row*row)])
	}
	return imaptest.RawMessage{Body: body.Bytes(), Date: date, Flags: flagSets[random.IntN(len(flagSets))]}
}

var flagSets = [][]string{{`\Seen`}, {`\Seen`}, {`\Seen`, `\Answered`}, {`\Seen`, "$label1"}, {`\Flagged`}, nil}

// row is the length of one line of the pool, its end included.
const row = 78

// pool is 2 MB of lines: half prose, half base64, so that it compresses as mail does.
var pool = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	for letter := range message.Generate(1, 1, 1<<20) {
		prose := bytes.ReplaceAll(letter.Bytes, []byte("\r\n"), []byte(" "))
		for ; len(prose) >= row; prose = prose[row-2:] {
			b.Write(prose[:row-2])
			b.WriteString("\r\n")
		}
	}
	random := rand.NewChaCha8([32]byte{1})
	raw := make([]byte, 57)
	for b.Len() < 2<<20 {
		random.Read(raw) // never fails
		b.WriteString(base64.StdEncoding.EncodeToString(raw) + "\r\n")
	}
	return b.Bytes()
})
