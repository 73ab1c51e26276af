package memory

import (
	"context"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// Verb is the command that a call stands for.
type Verb string

// The verbs. FETCH and APPEND are one call a message; all others one call a method.
const (
	Namespace Verb = "NAMESPACE"
	List      Verb = "LIST"
	Status    Verb = "STATUS"
	GetQuota  Verb = "GETQUOTA"
	Examine   Verb = "EXAMINE"
	Select    Verb = "SELECT" // Target and Select
	Scan      Verb = "SCAN"
	Fetch     Verb = "FETCH"
	Search    Verb = "SEARCH"
	Create    Verb = "CREATE"
	Subscribe Verb = "SUBSCRIBE"
	Append    Verb = "APPEND"
	Store     Verb = "STORE"
	Expunge   Verb = "EXPUNGE"
)

// Call is one command about to run.
type Call struct {
	Verb    Verb
	Mailbox mailbox.Wire // empty where the command names none
	UID     mailbox.UID  // of FETCH: the message; of APPEND: the UID that it would get
	Nth     int          // how many calls of this verb the account has had, this one included
}

// Fault is what goes wrong with a call; the zero Fault is nothing.
type Fault struct {
	Wait time.Duration   // first, let this time pass, or the context end
	Err  *endpoint.Error // then fail with this; Account and Op are filled in. Class Lost breaks the session
	Done bool            // the server does it all the same, and only the answer fails: what a lost answer leaves behind
	Cut  int64           // with FETCH and Class Lost: bytes of the body given before the end, which looks like a clean end of file
}

// Inject adds a hook that is asked before every call; a test may change its mind between calls. The first hook with an Err decides, the
// waits add up. Hooks run outside the account's lock and may act as another client; calls from several goroutines run them at the same time.
func (a *Account) Inject(hook func(Call) Fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hooks = append(a.hooks, hook)
}

// Heal forgets all hooks.
func (a *Account) Heal() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hooks = nil
}

// Nth is a hook that has the n-th call of verb, counted from 1 over the account's whole life, fail.
func Nth(verb Verb, n int, f Fault) func(Call) Fault {
	return func(c Call) Fault {
		if c.Verb == verb && c.Nth == n {
			return f
		}
		return Fault{}
	}
}

// In is a hook that has every call of verb on one mailbox fail.
func In(w mailbox.Wire, verb Verb, f Fault) func(Call) Fault {
	return func(c Call) Fault {
		if c.Verb == verb && c.Mailbox == w {
			return f
		}
		return Fault{}
	}
}

// Lost is the error of a connection that went away.
func Lost() *endpoint.Error { return &endpoint.Error{Class: endpoint.Lost} }

// LostAnswer is a call that the server carries out and whose answer never comes: an APPEND so is stored and in doubt.
func LostAnswer() Fault { return Fault{Err: Lost(), Done: true} }

// Latency is a hook that makes every call take d.
func Latency(d time.Duration) func(Call) Fault { return func(Call) Fault { return Fault{Wait: d} } }

// ask counts the call and lets the hooks speak; the error is the context's.
func (a *Account) ask(ctx context.Context, c Call) (Fault, error) {
	if err := ctx.Err(); err != nil {
		return Fault{}, err
	}
	a.mu.Lock()
	a.calls[c.Verb]++
	c.Nth = a.calls[c.Verb]
	hooks := a.hooks[:len(a.hooks):len(a.hooks)]
	a.mu.Unlock()
	var out Fault
	var wait time.Duration
	for _, hook := range hooks {
		f := hook(c)
		wait += f.Wait
		if out.Err == nil && f.Err != nil {
			out = f
		}
	}
	if wait > 0 {
		select {
		case <-ctx.Done():
			return Fault{}, ctx.Err()
		case <-time.After(wait):
		}
	}
	if out.Err != nil {
		out.Err = a.named(out.Err, c)
	}
	return out, nil
}

// named is a copy of e that says whose account it was and what was being done, where e does not.
func (a *Account) named(e *endpoint.Error, c Call) *endpoint.Error {
	out := *e
	if out.Account == "" {
		out.Account = a.identity.String()
	}
	if out.Op == "" {
		out.Op = operation(c)
	}
	return &out
}
