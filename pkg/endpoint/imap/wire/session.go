package wire

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"imapmigrate/pkg/endpoint"
)

// Session is one connection, logged in. It belongs to one goroutine at a time.
type Session struct {
	options  Options
	conn     *conn
	client   *imapclient.Client
	caps     endpoint.Capabilities
	identity endpoint.Identity
	using    sync.Mutex // held by Guard and Do, never waited for
	lastTag  int
	modSeq   bool // the open mailbox keeps mod-sequences

	asides        asides
	spaces        *endpoint.Namespaces // once they were asked for
	compressAsked bool
	unbatchable   bool   // MULTIAPPEND is offered, and not to be had
	out           []byte // of the outboxes
}

// ErrUnparsable is inside a Lost error when go-imap gave the connection up because it could not read a response. The same request will
// fail again on a new connection; [Session.FetchTolerant] can read what go-imap cannot.
var ErrUnparsable = errors.New("a response that cannot be read")

var errInUse = errors.New("the session is in use by another caller")

// Capabilities are those listed after login.
func (s *Session) Capabilities() endpoint.Capabilities { return s.caps }

// Identity says which account this is. Server is what ID answered, or the greeting's words.
func (s *Session) Identity() endpoint.Identity { return s.identity }

// Client is go-imap on this connection. Use it inside Guard only.
func (s *Session) Client() *imapclient.Client { return s.client }

// Broken reports whether the connection has ended, for whatever reason.
func (s *Session) Broken() bool { return s.conn.reason() != nil }

// Traffic is what has gone over the connection so far.
func (s *Session) Traffic() Traffic {
	return Traffic{In: s.conn.meter.in.Load(), Out: s.conn.meter.out.Load()}
}

// Alerts are the texts that the server wants a person to read (RFC 9051 section 7.1, ALERT); raw.
func (s *Session) Alerts() []string {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	return append([]string(nil), s.conn.traffic.alerts...)
}

// Guard runs f with go-imap on this connection. When ctx is done the connection is closed and ctx's error returned. What go-imap makes
// of a server's NO becomes an *endpoint.Error by [Classify]; when the connection has ended the error is Lost (Protocol when the server
// broke the protocol), whatever f returned; any other error of f is returned as it is. f has to drain what it fetches.
func (s *Session) Guard(ctx context.Context, op Op, f func(*imapclient.Client) error) error {
	if err := s.flush(ctx, op); err != nil {
		return err
	}
	return s.use(ctx, op, func() error {
		err := f(s.client)
		if answer, ok := errors.AsType[*imap.Error](err); ok {
			return Classify(op, s.options.Account, string(answer.Type), string(answer.Code), answer.Text)
		}
		return err
	})
}

// Do takes the connection for a raw exchange, once go-imap is idle. Untagged responses that f does not read (EXISTS, EXPUNGE, FETCH of
// flags) are dropped: go-imap does not see them. When f leaves a command unanswered the connection is closed.
func (s *Session) Do(ctx context.Context, op Op, f func(*Exchange) error) error {
	return s.use(ctx, op, func() error {
		if err := s.conn.take(); err != nil {
			return err
		}
		x := s.exchange(op)
		err := f(x)
		if unsettled := x.settle(); err == nil {
			err = unsettled
		}
		if !s.conn.atRest() {
			_ = s.conn.end(errHalfDone)
		}
		s.conn.give()
		return err
	})
}

var errHalfDone = errors.New("the exchange was given up half way")

func (s *Session) exchange(op Op) *Exchange {
	return &Exchange{session: s, conn: s.conn, op: op}
}

// use runs f while ctx lasts and gives its error the right class.
func (s *Session) use(ctx context.Context, op Op, f func() error) error {
	if !s.using.TryLock() {
		return s.problem(op, errInUse)
	}
	defer s.using.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.Broken() {
		return s.lost(op, nil)
	}
	stop := context.AfterFunc(ctx, func() { s.conn.cancel(&interruption{context.Cause(ctx)}) })
	defer stop()
	return s.explain(ctx, op, f())
}

// explain prefers the reason why the connection has ended over what followed from it.
func (s *Session) explain(ctx context.Context, op Op, err error) error {
	if err == nil {
		return nil
	}
	reason := s.conn.reason()
	// An earlier call's context may have closed the connection just now: then this one's says nothing.
	if _, interrupted := errors.AsType[*interruption](reason); interrupted && ctx.Err() != nil {
		return ctx.Err()
	}
	if o, local := errors.AsType[*ours](reason); local {
		return s.problem(op, o.err)
	}
	if _, done := errors.AsType[*endpoint.Error](err); done || reason == nil {
		return err
	}
	return s.lost(op, err)
}

// interruption is the end of a connection because a context was done.
type interruption struct{ cause error }

func (i *interruption) Error() string { return "interrupted: " + i.cause.Error() }
func (i *interruption) Unwrap() error { return i.cause }

// lost is the error of a connection that has ended. err is what came of it, for what go-imap could not read.
func (s *Session) lost(op Op, err error) *endpoint.Error {
	reason := s.conn.reason()
	if bye, said := s.conn.farewell(); said {
		e := Classify(op, s.options.Account, bye.kind, bye.code, bye.text)
		e.Err, e.Last = reason, s.conn.lastLines()
		return e
	}
	e := s.problem(op, reason)
	e.Last = s.conn.lastLines()
	e.Class = endpoint.Lost
	if _, broke := errors.AsType[*violation](reason); broke {
		e.Class = endpoint.Protocol
	}
	if _, slow := errors.AsType[*silence](reason); slow {
		e.Hint = "if the server is only slow, give it a longer timeout"
	}
	if errors.Is(reason, errClosedByGoIMAP) && err != nil {
		e.Err = fmt.Errorf("%w: %w", ErrUnparsable, err)
	}
	return e
}

// problem is an error whose words are ours.
func (s *Session) problem(op Op, err error) *endpoint.Error {
	return &endpoint.Error{Account: s.options.Account, Op: op.Words, Err: err}
}

// logoutTime bounds the farewell.
const logoutTime = 5 * time.Second

var errClosed = errors.New("the session was closed")

// Close logs out, where nobody is using the session, and closes the connection. It waits for the session's goroutines, within bounds.
func (s *Session) Close() error {
	if s.using.TryLock() {
		s.using.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), min(logoutTime, s.options.Timeout))
		defer cancel()
		_ = s.Do(ctx, Op{Words: "log out"}, func(x *Exchange) error {
			_, err := x.run(verb("LOGOUT"), nil)
			return err
		})
	}
	s.Abandon()
	s.settle()
	return nil
}

// Abandon closes the connection at once. Whatever is under way on it fails.
func (s *Session) Abandon() { s.conn.cancel(errClosed) }

// settle waits until nothing of the session runs any more. go-imap's reader may hang for ever on a FETCH that nobody drains.
func (s *Session) settle() {
	timer := time.NewTimer(logoutTime)
	defer timer.Stop()
	<-s.conn.done
	if s.client == nil {
		return
	}
	select {
	case <-s.client.Closed():
	case <-timer.C:
	}
}
