package endpointtest

import "strings"

// Sample is one awkward message.
type Sample struct {
	Name    string
	Content []byte
}

// Corpus are messages that must survive a migration unchanged, each awkward in one way. large is the size of the biggest.
func Corpus(large int) []Sample {
	const head = "From: a@example.org\r\nSubject: sample\r\n\r\n"
	var every []byte
	for c := 1; c < 256; c++ {
		if c != '\r' && c != '\n' {
			every = append(every, byte(c))
		}
	}
	return []Sample{
		{"plain", []byte(head + "hello\r\n")},
		{"UTF-8 body", []byte(head + "Grüße, 日本語, 📮\r\n")},
		{"8-bit body", []byte(head + "Gr\xfc\xdfe und \x80\x9f\xa0\xff\r\n")},
		{"8-bit header", []byte("From: a@example.org\r\nSubject: \xe9t\xe9\r\n\r\nhello\r\n")},
		{"UTF-8 header", []byte("From: a@example.org\r\nSubject: été\r\n\r\nhello\r\n")},
		{"every byte but NUL, CR, LF", []byte(head + string(every) + "\r\n")},
		{"long lines", []byte(head + strings.Repeat(strings.Repeat("x", 20000)+"\r\n", 3))},
		{"no header", []byte("\r\njust a body\r\n")},
		{"text without header", []byte("this is no header at all\r\nnor this\r\n")},
		{"header only", []byte("Subject: nothing follows\r\n\r\n")},
		{"header without end", []byte("Subject: nothing follows\r\n")},
		{"empty", nil},
		{"one byte", []byte("x")},
		{"no final CRLF", []byte(head + "the end")},
		{"bare LF", []byte(strings.ReplaceAll(head+"one\r\ntwo\r\n", "\r\n", "\n"))},
		{"mixed LF", []byte(head + "one\ntwo\r\nthree\n")},
		{"bare CR", []byte(head + "one\rtwo\r\n")},
		{"CR at the end", []byte(head + "one\r")},
		{"NUL", []byte(head + "one\x00two\r\n")},
		{"mbox line", []byte("From a@example.org Mon Jan  1 00:00:00 2001\r\n" + head + "hello\r\n")},
		{"From in the body", []byte(head + "From here on\r\n>From there\r\n")},
		{"dots", []byte(head + ".\r\n..\r\n.\r\n")},
		{"literal heads", []byte(head + "{5}\r\nhello {3+}\r\n~{7}\r\n* 1 FETCH (UID 1 BODY[] {3}\r\n)\r\n")},
		{"commands", []byte(head + "a1 LOGOUT\r\nzz DELETE INBOX\r\nT1 OK done\r\n* BYE gone\r\n+ go\r\n")},
		{"CRLF only", []byte("\r\n")},
		{"many CRLF", []byte(head + strings.Repeat("\r\n", 5000))},
		{"large", big(head, large)},
	}
}

func big(head string, size int) []byte {
	line := []byte("VGhpcyBpcyBhIGxpbmUgb2YgYW4gYXR0YWNobWVudCBpbiBiYXNlNjQsIDc2IGNoYXJhY3RlcnMg\r\n")
	out := make([]byte, 0, size+len(line))
	out = append(out, head...)
	for len(out) < size {
		out = append(out, line...)
	}
	return out
}
