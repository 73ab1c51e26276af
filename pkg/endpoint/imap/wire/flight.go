package wire

import (
	"errors"
	"slices"

	"imapmigrate/pkg/crash"
	"imapmigrate/pkg/endpoint"
)

// What may be on its way without an answer when each message has a command of its own: enough to fill a link of 40 ms, and little enough
// that after a refusal not much more is stored behind it.
const (
	mostFlights   = 16
	mostInFlights = 1 << 20 // bytes; one message may be larger
)

// flight is one command with its messages.
type flight struct {
	tag      string
	first, n int
	bytes    int64
	nonSync  bool // some literal did not ask
	doubtful bool // some message is of a kind that servers are known to refuse
}

// together sends all messages as one command.
func (d *delivery) together(x *Exchange) error {
	if err := d.begin(x, 0, len(d.parcels)); err != nil {
		return err
	}
	return d.drain(x)
}

// apart sends one command a message.
func (d *delivery) apart(x *Exchange) error {
	for i := range d.parcels {
		if err := d.makeRoom(x, i); err != nil {
			return err
		}
		if d.over {
			break
		}
		if err := d.begin(x, i, 1); err != nil {
			return err
		}
	}
	return d.drain(x)
}

// makeRoom takes answers until message i may be begun. What has to ask waits for all of them: a refusal must not find it half begun.
func (d *delivery) makeRoom(x *Exchange, i int) error {
	asks := !d.parcels[i].nonSync || d.head().asks(x.session.caps)
	for len(d.flights) > 0 && !d.over {
		full := len(d.flights) >= mostFlights || d.bytes+d.parcels[i].size > mostInFlights
		if !asks && !full && !x.conn.answeredWhole(d.flights[0].tag) {
			return nil
		}
		if err := d.answer(x); err != nil {
			return err
		}
	}
	return nil
}

// asks reports whether some literal of c waits for the server's consent.
func (c command) asks(caps endpoint.Capabilities) bool {
	return slices.ContainsFunc(c, func(p piece) bool { return p.literal && !nonSync(caps, int64(len(p.text))) })
}

// begin sends n messages, from the first on, as one command.
func (d *delivery) begin(x *Exchange, first, n int) error {
	f := flight{first: first, n: n}
	for _, p := range d.parcels[first : first+n] {
		f.bytes += p.size
		f.nonSync = f.nonSync || p.nonSync
		f.doubtful = f.doubtful || p.doubtful
	}
	if f.bytes == 0 && n == 1 { // Courier stores it as soon as {0} is there
		if err := d.takeTurn(x); err != nil {
			return err
		}
	}
	crash.Point("wire.append.begin")
	tag, rest, early, err := x.compose(d.head(), nil)
	if err != nil {
		return err
	}
	f.tag = tag
	if !early.isText {
		early, err = d.load(x, rest, f)
	}
	switch {
	case err != nil:
		return d.abort(x, f, err)
	case early.isText:
		d.refuse(x, f, early, endpoint.Unsent)
		return nil
	}
	return d.complete(x, f)
}

// load sends all but the end of the command. early is the answer that came instead of an invitation.
func (d *delivery) load(x *Exchange, rest string, f flight) (early status, err error) {
	if err := d.box.text(rest); err != nil {
		return status{}, err
	}
	for i := f.first; i < f.first+f.n; i++ {
		p := &d.parcels[i]
		if err := d.box.text(p.text + "\r\n"); err != nil {
			return status{}, err
		}
		if !p.nonSync {
			if early, err = d.invite(x, f, p); err != nil || early.isText {
				return early, err
			}
		}
		if err := d.box.message(p.content.Reader(), p.size); err != nil {
			return status{}, err
		}
		crash.Point("wire.append.literal")
		if x.conn.answered() == "NO" {
			break // it will not be had: the rest of the messages can stay
		}
	}
	return status{}, nil
}

// invite sends what is held and waits for the server's consent to a literal.
func (d *delivery) invite(x *Exchange, f flight, p *parcel) (early status, err error) {
	attempted, err := d.box.send(len(d.box.bytes))
	if attempted && p.size == 0 && f.n == 1 {
		d.mark(f, endpoint.InDoubt)
	}
	if err != nil {
		return status{}, err
	}
	return x.invited(f.tag, nil)
}

// complete ends the command, when its turn has come.
func (d *delivery) complete(x *Exchange, f flight) error {
	if d.turn != nil {
		// A server may take a message for complete without the end of the line: its last byte stays here too.
		if _, err := d.box.send(max(0, len(d.box.bytes)-1)); err != nil {
			return d.abort(x, f, err)
		}
		if err := d.takeTurn(x); err != nil {
			return d.abort(x, f, err)
		}
	}
	if x.conn.answered() == "OK" {
		d.mark(f, endpoint.InDoubt)
		return x.violated("an OK before the command was complete")
	}
	crash.Point("wire.append.loaded")
	attempted, err := d.box.end()
	crash.Point("wire.append.sent")
	if attempted {
		d.mark(f, endpoint.InDoubt)
	}
	if err != nil {
		return d.abort(x, f, err)
	}
	d.flights = append(d.flights, f)
	d.bytes += f.bytes
	return nil
}

// abort is the end of a command that could not be sent whole. Commands before it get their answers, as far as they come.
func (d *delivery) abort(x *Exchange, f flight, err error) error {
	if d.turned != nil {
		return err
	}
	if local, ok := errors.AsType[*ours](err); ok {
		_ = d.drain(x)
		return x.giveUp(local.err)
	}
	d.flights = append(d.flights, f) // it may have been answered
	lost := d.drain(x)
	d.flights = nil // nothing more will come
	if lost == nil || errors.Is(err, errRefused) && !d.doubt() {
		return nil
	}
	return err
}

func (d *delivery) doubt() bool {
	return slices.ContainsFunc(d.placed, func(p endpoint.Placed) bool { return p.Verdict == endpoint.InDoubt })
}

// drain takes the answers that are still owed.
func (d *delivery) drain(x *Exchange) error {
	for len(d.flights) > 0 {
		if err := d.answer(x); err != nil {
			return err
		}
	}
	return nil
}

// answer takes the next tagged answer, to whichever command it is.
func (d *delivery) answer(x *Exchange) error {
	answer, err := x.tagged()
	if err != nil {
		return err
	}
	crash.Point("wire.append.answered")
	i := slices.IndexFunc(d.flights, func(f flight) bool { return f.tag == answer.tag })
	if i < 0 {
		return x.violated("an answer to another command")
	}
	f := d.flights[i]
	d.flights = slices.Delete(d.flights, i, i+1)
	d.bytes -= f.bytes
	if answer.kind != "OK" {
		d.refuse(x, f, answer, endpoint.Refused)
		return nil
	}
	d.store(x, f, answer)
	return nil
}

func (d *delivery) mark(f flight, v endpoint.Verdict) {
	for i := range f.n {
		d.placed[f.first+i].Verdict = v
	}
}

// store takes the OK.
func (d *delivery) store(x *Exchange, f flight, answer status) {
	validity, uids := appendUIDs(answer, f.n)
	for i := range f.n {
		d.placed[f.first+i] = endpoint.Placed{Verdict: endpoint.Stored}
		if uids != nil {
			d.placed[f.first+i].Validity, d.placed[f.first+i].UID = validity, uids[i]
		}
	}
	if f.n > 1 && uids == nil && answer.code == "APPENDUID" {
		x.session.unbatchable = true // it does not know how many messages it has stored
	}
}

// refuse takes a NO or BAD.
func (d *delivery) refuse(x *Exchange, f flight, answer status, v endpoint.Verdict) {
	d.over = true
	why := x.classified(answer)
	for i := range f.n {
		d.placed[f.first+i] = endpoint.Placed{Verdict: v, Err: why, Together: f.n > 1}
	}
	if answer.kind != "BAD" {
		return
	}
	if f.n > 1 && !f.doubtful {
		x.session.unbatchable = true // it may not know the command at all
	}
	if f.nonSync {
		_ = x.conn.end(errRefused)
	}
}
