package wire

import (
	"errors"
	"fmt"
	"strings"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// statusWindow is how many STATUS commands are under way at once.
const statusWindow = 32

// numbers gives each mailbox its status: what LIST-STATUS brought, and STATUS for the others.
func (l *listing) numbers(x *Exchange) error {
	var missing []int
	for i := range l.found {
		info := &l.found[i]
		if !info.Selectable {
			continue
		}
		if st, given := l.status[inboxFolded(info.Wire)]; given {
			info.Status = &st
			continue
		}
		missing = append(missing, i)
	}
	for len(missing) > 0 {
		n := min(len(missing), statusWindow)
		if err := l.askTogether(x, missing[:n]); err != nil {
			return err
		}
		missing = missing[n:]
	}
	return nil
}

// askTogether sends a STATUS for each of these and then reads the answers.
func (l *listing) askTogether(x *Exchange, indexes []int) error {
	sent := map[string]int{}
	var batch strings.Builder
	for _, i := range indexes {
		w := l.found[i].Wire
		if c := verb("").astring(string(w)); checkName(w) != nil || c[1].literal {
			if err := l.askAlone(x, i); err != nil {
				return err
			}
		} else {
			tag := x.tag()
			sent[tag] = i
			fmt.Fprintf(&batch, "%s STATUS %s (%s)\r\n", tag, c[1].text, l.items)
		}
	}
	if len(sent) == 0 {
		return nil
	}
	if err := x.write(batch.String()); err != nil {
		return err
	}
	return l.collect(x, sent)
}

// collect reads answers until none is owed.
func (l *listing) collect(x *Exchange, sent map[string]int) error {
	for len(sent) > 0 {
		r, err := x.read(nil)
		if err != nil {
			return err
		}
		if w, st, ok := parseStatusData(r); ok {
			if i, listed := l.place[inboxFolded(w)]; listed {
				l.found[i].Status = &st
			}
			continue
		}
		answer := parseStatus(r.line())
		i, ours := sent[answer.tag]
		if !ours {
			continue
		}
		delete(sent, answer.tag)
		l.found[i].Problem = problemOf(answer, l.found[i].Status)
	}
	return nil
}

func (l *listing) askAlone(x *Exchange, i int) error {
	if err := checkName(l.found[i].Wire); err != nil {
		l.found[i].Problem = err.Error()
		return nil
	}
	st, err := x.status(l.found[i].Wire, l.items)
	if e, refused := errors.AsType[*endpoint.Error](err); refused && x.conn.reason() == nil {
		l.found[i].Problem = cut(e.Text, maxServerName)
		return nil
	}
	l.found[i].Status = st
	return err
}

// problemOf says why there are no numbers, in the server's words.
func problemOf(answer status, found *mailbox.Status) string {
	switch {
	case answer.kind != "OK" && answer.code != "":
		return cut("["+answer.code+"] "+answer.text, maxServerName)
	case answer.kind != "OK":
		return cut(answer.kind+" "+answer.text, maxServerName)
	case found == nil:
		return "the server says OK and gives no numbers"
	}
	return ""
}
