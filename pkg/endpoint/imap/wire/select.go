package wire

import (
	"context"
	"errors"
	"strings"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// Select opens a mailbox by the exact bytes of its name: by EXAMINE when readOnly, else by SELECT (RFC 9051 sections 6.3.2 and 6.3.3).
// go-imap's commands on the selected mailbox work afterwards. A mailbox that is not there is Class NoMailbox, any other refusal
// BadMailbox; then none is selected.
func (s *Session) Select(ctx context.Context, w mailbox.Wire, readOnly bool) (endpoint.State, error) {
	op := Op{Mailbox, named("open mailbox", w)}
	if err := checkName(w); err != nil {
		return endpoint.State{}, s.refuse(op, err)
	}
	var state endpoint.State
	err := s.Do(ctx, op, func(x *Exchange) (err error) {
		state, err = x.open(w, readOnly)
		return err
	})
	return state, err
}

func (x *Exchange) open(w mailbox.Wire, readOnly bool) (endpoint.State, error) {
	o := opening{state: endpoint.State{Wire: w, ReadOnly: readOnly}}
	c := verb("SELECT ")
	if readOnly {
		c = verb("EXAMINE ")
	}
	c = c.name(w)
	if x.session.caps.Has("CONDSTORE") || x.session.caps.Has("QRESYNC") {
		c = c.and(" (CONDSTORE)") // where it is not known, as on Courier, it would be refused and the mailbox left
	}
	answer, err := x.run(c, o.untagged)
	if err != nil {
		return endpoint.State{}, err
	}
	if answer.kind != "OK" {
		return endpoint.State{}, x.orMissing(w, x.classified(answer))
	}
	o.code(answer)
	return o.finish(x)
}

// opening gathers what a server says while it opens a mailbox.
type opening struct {
	state     endpoint.State
	flags     []mailbox.Flag
	permanent bool // PERMANENTFLAGS was given
	unsticky  bool
}

func (o *opening) untagged(r *response) error {
	number, name := r.untagged()
	switch {
	case isStatus(name):
		o.code(parseStatus(r.line()))
	case name == "EXISTS":
		if n, ok := (value{text: number}).number(32); ok {
			o.state.Messages = uint32(n)
		}
	case name == "FLAGS":
		p := newParser(r)
		p.skipWords(2)
		if v, err := p.value(); err == nil {
			o.flags = flagsOf(v.strings())
		}
	}
	return nil
}

// code takes what a response code says (RFC 9051 section 7.1, RFC 7162 section 3.1.2, RFC 4315 section 3).
func (o *opening) code(s status) {
	arg := value{text: strings.TrimSpace(s.args)}
	switch s.code {
	case "UIDVALIDITY":
		n, _ := arg.number(32) // larger than 32 bits, as one provider has it, is none: it could not be compared
		o.state.Validity = mailbox.UIDValidity(n)
	case "UIDNEXT":
		n, _ := arg.number(32)
		o.state.UIDNext = mailbox.UID(n)
	case "HIGHESTMODSEQ":
		o.state.ModSeq, _ = arg.number(63)
	case "NOMODSEQ":
		o.state.ModSeq = 0
	case "UIDNOTSTICKY":
		o.unsticky = true
	case "READ-ONLY":
		o.state.ReadOnly = true
	case "PERMANENTFLAGS":
		o.permanent = true
		o.state.Permanent = flagsOf(strings.Fields(strings.Trim(arg.text, "()")))
	}
}

func flagsOf(words []string) []mailbox.Flag {
	flags := make([]mailbox.Flag, 0, len(words))
	for _, w := range words {
		flags = append(flags, mailbox.Flag(w))
	}
	return flags
}

// finish fills in what was not said. Without PERMANENTFLAGS all flags that the mailbox has can be changed (RFC 9051 section 7.1).
func (o *opening) finish(x *Exchange) (endpoint.State, error) {
	if !o.permanent {
		o.state.Permanent = o.flags
	}
	kept := o.state.Permanent[:0]
	for _, f := range o.state.Permanent {
		if f == `\*` {
			o.state.Keywords = true
		} else if !f.Equal(mailbox.Recent) {
			kept = append(kept, f)
		}
	}
	o.state.Permanent = kept
	if o.state.UIDNext == 0 || (o.state.Validity == 0 && !o.unsticky) {
		if err := o.askStatus(x); err != nil {
			return endpoint.State{}, err
		}
	}
	if o.unsticky {
		o.state.Validity = 0
	}
	x.session.modSeq = o.state.ModSeq > 0
	return o.state, nil
}

// askStatus is for servers that do not say UIDNEXT when they open a mailbox, as Courier.
func (o *opening) askStatus(x *Exchange) error {
	found, err := x.status(o.state.Wire, "UIDNEXT UIDVALIDITY")
	if err != nil {
		if x.conn.reason() != nil {
			return err
		}
		return nil // the server does not say
	}
	if o.state.UIDNext == 0 {
		o.state.UIDNext = found.UIDNext
	}
	if o.state.Validity == 0 {
		o.state.Validity = found.UIDValidity
	}
	return nil
}

// orMissing tells a mailbox that is not there from one that is refused. Few servers say it by a code.
func (x *Exchange) orMissing(w mailbox.Wire, err error) error {
	e, refused := errors.AsType[*endpoint.Error](err)
	if refused && e.Code == "ALREADYEXISTS" {
		// Dovecot makes a mailbox when it is opened for the first time, and says so to the one of two connections that comes second.
		e.Class = endpoint.Temporary
		return e
	}
	if !refused || e.Class != endpoint.BadMailbox || e.Code != "" || e.Err != nil || x.conn.reason() != nil {
		return err
	}
	found, lookup := x.find(w)
	if lookup != nil {
		return lookup
	}
	if found == nil || found.NonExistent {
		e.Class = endpoint.NoMailbox
	}
	return e
}

// Unselect leaves the mailbox without expunging anything (RFC 3691). Where the server cannot, the mailbox stays open until the next
// Select or the end: CLOSE would expunge.
func (s *Session) Unselect(ctx context.Context) error {
	if !s.caps.Has("UNSELECT") {
		return nil
	}
	return s.Do(ctx, Op{Words: "leave the mailbox"}, func(x *Exchange) error { return x.ask(verb("UNSELECT"), nil) })
}
