package wire

import (
	"context"
	"errors"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// AppendOptions say how a batch goes.
type AppendOptions struct {
	// Turn may be nil; otherwise it is called at most once, and what would let the server store the first message, the end of its command,
	// leaves only when it has returned nil. Its context also ends when the server refuses the command or goes away in the meantime.
	Turn func(context.Context) error
	// Singly gives each message a command of its own even where the server offers MULTIAPPEND.
	Singly bool
}

// Append adds messages in order (RFC 9051 section 6.3.12). What became of each is in Placed, and a refusal is no error. The way is the best
// that the capabilities of this connection allow:
//
//	MULTIAPPEND (RFC 3502)            one command, stored whole or not at all
//	LITERAL+, LITERAL- (RFC 7888)     one command a message, several on their way
//	neither                           one command a message, each with its answer before the next
//
// Within each a literal that may be unwelcome asks first. After a refusal nothing more is begun.
//
// The error is nil when the connection is still good, with one exception: after a BAD to messages that were sent without asking the
// connection is closed, because the server may take a message for commands; the next use says Lost.
//
// No byte is sent of a message whose flags, date or mailbox name cannot be said safely. A content that is shorter or longer than its Size
// ends the connection before its command is complete, so nothing of it is stored.
func (s *Session) Append(ctx context.Context, w mailbox.Wire, batch []endpoint.Outgoing, o AppendOptions) ([]endpoint.Placed, error) {
	d := &delivery{ctx: ctx, mailbox: w, turn: o.Turn, singly: o.Singly, placed: make([]endpoint.Placed, len(batch))}
	for i := range d.placed {
		d.placed[i].Verdict = endpoint.Unsent // until the last byte of its command leaves
	}
	if len(batch) == 0 {
		return d.placed, ctx.Err()
	}
	op := Op{Message, named("append to", w)}
	unfit := d.prepare(s.caps, batch)
	var err error
	if len(d.parcels) > 0 {
		err = s.Do(ctx, op, d.run)
	}
	if d.turned != nil {
		err = d.turned
	}
	if err != nil {
		d.explain(s.unsent(op, err))
		return d.placed, err
	}
	if n := len(d.parcels); unfit != nil && d.stored(n) {
		d.placed[n].Err = s.refuse(op, unfit)
	}
	return d.placed, nil
}

// Unbatchable reports whether the server has answered a MULTIAPPEND as none that knows it would. It should be given no more.
func (s *Session) Unbatchable() bool { return s.unbatchable }

// unsent is err as the reason why a message was not sent. What is not the server's word is nothing that a message could be blamed for.
func (s *Session) unsent(op Op, err error) *endpoint.Error {
	e, ok := errors.AsType[*endpoint.Error](err)
	switch {
	case !ok:
		e = s.problem(op, err)
	case e.Class != endpoint.Unclassified:
		return e
	}
	lost := *e
	lost.Class = endpoint.Lost
	return &lost
}

// delivery is one Append on its way.
type delivery struct {
	ctx     context.Context // of the one call
	mailbox mailbox.Wire
	parcels []parcel
	placed  []endpoint.Placed
	turn    func(context.Context) error // nil once it has been had
	turned  error                       // what turn said
	singly  bool
	box     outbox
	flights []flight // commands that were sent whole and are not answered, in order
	bytes   int64    // of messages in flights
	over    bool     // a refusal has come: nothing more is begun
}

// prepare makes parcels of the messages up to the first that cannot be sent, and says why that one cannot.
func (d *delivery) prepare(caps endpoint.Capabilities, batch []endpoint.Outgoing) error {
	if err := checkName(d.mailbox); err != nil {
		return err
	}
	for _, m := range batch {
		p, err := pack(caps, m)
		if err != nil {
			return err
		}
		d.parcels = append(d.parcels, p)
	}
	return nil
}

func (d *delivery) run(x *Exchange) error {
	d.box = newOutbox(x)
	if len(d.parcels) > 1 && x.session.caps.Has("MULTIAPPEND") && !d.singly && !x.session.unbatchable {
		return d.together(x)
	}
	return d.apart(x)
}

// head is the command up to its first message.
func (d *delivery) head() command { return verb("APPEND ").name(d.mailbox) }

// stored reports whether the first n messages are.
func (d *delivery) stored(n int) bool {
	for _, p := range d.placed[:n] {
		if p.Verdict != endpoint.Stored {
			return false
		}
	}
	return true
}

// explain gives the messages that were not sent a reason.
func (d *delivery) explain(why *endpoint.Error) {
	for i := range d.placed {
		if p := &d.placed[i]; p.Verdict == endpoint.Unsent && p.Err == nil {
			p.Err = why
		}
	}
}

// errRefused ends a connection on which a server may be running a message's lines as commands.
var errRefused = errors.New("the server answered BAD to a message that it had not asked for; the connection was given up")
