package wire

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

const (
	credentialsMark = "<credentials>"
	challengeMark   = "<challenge>"
)

var mechanismName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,20}$`)

// heard notes a response that has just ended.
func (r *record) heard(f *framer) {
	head := f.head
	if r.loggingIn && len(head) > 0 && head[0] == '+' {
		head = []byte("+ " + challengeMark)
	}
	r.add('S', bytes.TrimSuffix(head, []byte("\r")), len(f.head) >= headSize)
}

// saying notes what has been sent of a command, up to its end or to the beginning of a literal.
func (r *record) saying(f *framer, ev event) {
	text := string(f.head[min(r.noted, len(f.head)):])
	first := r.noted == 0
	r.noted = max(1, len(f.head))
	if ev == ended {
		r.noted = 0
	}
	cut := len(f.head) >= headSize
	if cut && ev != ended {
		text += fmt.Sprintf("{%d}\r", f.size)
		cut = false
	}
	if first {
		text = r.withoutCredentials(text)
	} else if r.loggingIn {
		text = credentialsMark
	}
	if ev == ended {
		text = strings.TrimSuffix(text, "\r") // before the end of a literal's announcement it belongs to the mark
	}
	r.add('C', []byte(text), cut)
}

// withoutCredentials is the beginning of a command without what LOGIN and AUTHENTICATE have behind them.
func (r *record) withoutCredentials(text string) string {
	words := strings.SplitN(strings.TrimRight(text, "\r"), " ", 4)
	if len(words) < 2 {
		return text
	}
	switch strings.ToUpper(words[1]) {
	case "LOGIN":
		r.loggingIn = true
		r.know() // the login has said what to hide before it sent a word
		return words[0] + " " + words[1] + " " + credentialsMark
	case "AUTHENTICATE":
		r.loggingIn = true
		r.know()
		line := words[0] + " " + words[1]
		if len(words) > 2 && mechanismName.MatchString(words[2]) {
			line += " " + words[2]
		}
		if len(words) > 3 {
			line += " " + credentialsMark
		}
		return line
	}
	return text
}

// replied notes an answer to a challenge.
func (r *record) replied() { r.add('C', []byte(credentialsMark), false) }

// answered ends what is credentials.
func (r *record) answered() { r.loggingIn = false }
