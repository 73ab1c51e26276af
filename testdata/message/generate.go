package message

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"time"
)

// LongLines is a message whose body has n lines of length bytes each, CRLF not counted.
func LongLines(n, length int) []byte {
	var b bytes.Buffer
	b.WriteString("Date: Mon, 03 Oct 2016 12:00:00 +0000\r\nFrom: report@example.org\r\nTo: alice@old.example\r\n" +
		"Subject: one line a table\r\nMessage-ID: <long.lines@example.org>\r\n\r\n")
	for i := range n {
		line := strings.Repeat(fmt.Sprintf("row %d; ", i), length/7+1)
		b.WriteString(line[:length] + "\r\n")
	}
	return b.Bytes()
}

func longHeaderLine(length int) []byte {
	field := "X-Report: " + strings.Repeat("0123456789abcdef", length/16+1)
	return []byte("Date: Tue, 04 Oct 2016 12:00:00 +0000\r\nFrom: filter@example.org\r\nTo: alice@old.example\r\n" + field[:length] +
		"\r\nSubject: filtered\r\nMessage-ID: <long.header.line@example.org>\r\n\r\nThe filter had much to say.\r\n")
}

// Attachment is a message with one base64 attachment whose encoded form takes about size bytes, never less. Attachment(25 << 20) is the
// 25 MB message that most providers still let through.
func Attachment(size int) []byte {
	const line = 57 // bytes that make 76 characters of base64
	var b bytes.Buffer
	b.Grow(size + 1024)
	b.WriteString("Date: Wed, 05 Oct 2016 12:00:00 +0000\r\nFrom: Zoe Zimmer <zoe@example.org>\r\nTo: alice@old.example\r\nSubject: the whole archive\r\n" +
		"Message-ID: <attachment@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"attachment_1f0e3dad\"\r\n\r\n" +
		"--attachment_1f0e3dad\r\nContent-Type: text/plain\r\n\r\nHere it is.\r\n--attachment_1f0e3dad\r\n" +
		"Content-Type: application/zip; name=\"archive.zip\"\r\nContent-Transfer-Encoding: base64\r\n" +
		"Content-Disposition: attachment; filename=\"archive.zip\"\r\n\r\n")
	random := rand.NewChaCha8([32]byte{25})
	raw, text := make([]byte, line), make([]byte, base64.StdEncoding.EncodedLen(line))
	for end := b.Len() + size; b.Len() < end; {
		random.Read(raw) // never fails
		base64.StdEncoding.Encode(text, raw)
		b.Write(text)
		b.WriteString("\r\n")
	}
	b.WriteString("--attachment_1f0e3dad--\r\n")
	return b.Bytes()
}

// Letter is one piece of bulk mail.
type Letter struct {
	Date  time.Time // of its Date field; good for the internal date
	Bytes []byte
}

// MinLetter is the least size in bytes that Generate can make.
const MinLetter = 512

// Generate yields n letters of exactly size bytes (at least MinLetter), no two alike, in the order of their dates, which run from 2008
// to 2025. The same seed, n and size yield the same letters; they are made one by one, so that n may be large.
func Generate(seed uint64, n, size int) iter.Seq[Letter] {
	first := time.Date(2008, 1, 7, 8, 0, 0, 0, time.UTC)
	span := time.Date(2025, 12, 19, 17, 0, 0, 0, time.UTC).Sub(first)
	return func(yield func(Letter) bool) {
		for i := range n {
			random := rand.New(rand.NewPCG(seed, uint64(i)))
			date := first.Add(time.Duration(i) * (span / time.Duration(max(n, 1)))).Truncate(time.Second).In(zones[random.IntN(len(zones))])
			if !yield(Letter{date, letter(random, seed, i, date, max(size, MinLetter))}) {
				return
			}
		}
	}
}

var zones = []*time.Location{time.UTC, time.FixedZone("", 3600), time.FixedZone("", 7200), time.FixedZone("", -5*3600), time.FixedZone("", 9*3600)}

var (
	people   = []string{"Bob Builder <bob@example.org>", "Carol Clark <carol@example.org>", "Dan Doe <dan@example.org>", "Greta Gray <greta@example.org>", "Otto Olsen <otto@example.org>", "Yamada Taro <yamada@example.org>"}
	subjects = []string{"Minutes", "Offer", "Invoice", "Question about the order", "Re: travel plans", "Fwd: draft", "Lunch?", "Weekly report", "Reminder", "Photos"}
	words    = strings.Fields("the report and figures for this month are ready please look at them before friday because carol needs an answer " +
		"we met at noon river house garden three people came late but nobody minded and all of us had time for one more coffee")
)

func letter(random *rand.Rand, seed uint64, i int, date time.Time, size int) []byte {
	var b bytes.Buffer
	b.Grow(size + 80)
	fmt.Fprintf(&b, "Date: %s\r\nFrom: %s\r\nTo: Alice Adams <alice@old.example>\r\nSubject: %s (%d)\r\nMessage-ID: <%d.%d@bulk.example.org>\r\n"+
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n",
		date.Format(time.RFC1123Z), people[random.IntN(len(people))], subjects[random.IntN(len(subjects))], i+1, seed, i)
	for rest := size - b.Len(); rest > 0; rest = size - b.Len() {
		line := sentence(random)
		if rest < len(line)+5 { // what would be left is too short for a line of its own
			line = (line + "..")[:rest-2]
		}
		b.WriteString(line + "\r\n")
	}
	return b.Bytes()
}

// sentence is a line of up to 76 characters.
func sentence(random *rand.Rand) string {
	var b strings.Builder
	for b.Len() < 66 {
		b.WriteString(words[random.IntN(len(words))])
		b.WriteByte(' ')
	}
	return b.String()[:b.Len()-1]
}
