package trial

import (
	"io"
	"strings"
	"time"

	"imapmigrate/pkg/mailbox"
)

// sample is one message to try. It is its own endpoint.Content.
type sample struct {
	what, mark, text string
	date             time.Time
	flags            []mailbox.Flag
}

// Size is that of the text, in bytes.
func (s sample) Size() int64 { return int64(len(s.text)) }

// Reader starts at the first byte each time.
func (s sample) Reader() io.Reader { return strings.NewReader(s.text) }

func letter(what, mark, body string, date time.Time, flags ...mailbox.Flag) sample {
	text := "From: imapmigrate <trial@example.invalid>\r\nTo: nobody@example.invalid\r\nSubject: a trial of imapmigrate; it may be deleted\r\nMessage-ID: <" + mark + "@example.invalid>\r\n" +
		"Date: Wed, 01 Jul 2009 09:04:56 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + body
	return sample{what, mark, text, date, flags}
}

var summer = time.Date(2009, 7, 1, 12, 34, 56, 0, time.FixedZone("", 3*3600+1800))

// samples are what real mailboxes hold and servers treat differently. Each is small.
var samples = []sample{
	letter("a plain message with flags", "trial-plain", "It was sent to see what comes back.\r\n", summer, mailbox.Seen, mailbox.Answered, mailbox.Flagged, mailbox.Draft),
	letter("keywords", "trial-keywords", "With keywords.\r\n", summer, mailbox.Seen, "$Forwarded", "imapmigrate-trial"),
	letter("eight-bit text and long lines", "trial-eight-bit", "Grüße \xff "+strings.Repeat("long ", 300)+"\r\n", summer),
	letter("no newline at the end", "trial-no-newline", "no newline", summer),
	letter("a line that ends in a bare LF", "trial-bare-lf", "one\ntwo\r\n", summer),
	letter("a date before 1970", "trial-old-date", "Old.\r\n", time.Date(1969, 7, 20, 20, 17, 40, 0, time.UTC)),
}
