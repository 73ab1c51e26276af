package wire

import (
	"context"
	"errors"
)

// errOver is the cause with which a turn's context ends when waiting for it has become pointless.
var errOver = errors.New("the server has refused the messages, or gone away, in the meantime")

// takeTurn waits until the batch may be stored. Nothing is owed by the server meanwhile, so its silence does not count; but its refusal
// does, and its end.
func (d *delivery) takeTurn(x *Exchange) error {
	if d.turn == nil {
		return nil
	}
	turn := d.turn
	d.turn = nil
	ctx, cancel := context.WithCancelCause(d.ctx)
	defer cancel(nil)
	x.conn.watchOver(func() { cancel(errOver) })
	err := turn(ctx)
	x.conn.watchOver(nil)
	switch {
	case x.conn.reason() != nil:
		return x.conn.reason()
	case x.conn.departing():
		return x.failed(x.conn.end(errServerClosed))
	case x.conn.refusedEarly():
		return nil // the command is ended, and its answer read
	case err != nil:
		d.turned = err
		return x.giveUp(err)
	}
	return nil
}
