package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"imapmigrate/pkg/auth"
	"imapmigrate/pkg/config"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/imap"
	"imapmigrate/pkg/endpoint/imap/wire"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/plan"
	"imapmigrate/pkg/survey"
)

// accounts are both ends, logged in to.
type accounts struct {
	app                             *app
	source, destination             *imap.Account
	sourceSurvey, destinationSurvey *survey.Survey
}

// connect logs in to both ends.
func (a *app) connect(ctx context.Context, c *config.Config) (*accounts, error) {
	source, err := a.options(ctx, c, c.Source)
	if err != nil {
		return nil, err
	}
	destination, err := a.options(ctx, c, c.Destination)
	if err != nil {
		return nil, err
	}
	b := &accounts{app: a}
	err = sides(c)(ctx, func(ctx context.Context) (err error) {
		b.source, err = imap.Open(ctx, source)
		return err
	}, func(ctx context.Context) (err error) {
		b.destination, err = imap.Open(ctx, destination)
		return err
	})
	if err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// Close logs out. What a server says to that changes nothing any more.
func (b *accounts) Close() {
	var all sync.WaitGroup
	for _, account := range []*imap.Account{b.source, b.destination} {
		if account != nil {
			all.Go(func() { _ = account.Close() })
		}
	}
	all.Wait()
}

func (a *app) dial(ctx context.Context, c *config.Config, account config.Account) (*imap.Account, error) {
	options, err := a.options(ctx, c, account)
	if err != nil {
		return nil, err
	}
	return imap.Open(ctx, options)
}

// options say how to log in to one account. ctx is the run's: secrets may be asked for as long as it lasts.
func (a *app) options(ctx context.Context, c *config.Config, account config.Account) (o imap.Options, err error) {
	trust, err := trusted(account)
	if err != nil {
		return o, err
	}
	transcript, err := a.openTranscript()
	if err != nil {
		return o, err
	}
	a.debugf("logging in as %s", account)
	dialogue := wire.Options{
		Host: account.Host, Port: account.Port, Security: account.Security, TLS: trust, Pin: string(account.Pin), Timeout: account.Timeout, Account: account.String(), Transcript: transcript,
		Login: a.login(ctx, c, account), Dial: paced(c),
		ID: [][2]string{{"name", "imapmigrate"}, {"version", Version}},
	}
	return imap.Options{Connections: account.Connections, Compress: imap.Compression(c.Copy.Compress), Options: dialogue}, nil
}

// paced holds all connections of one side together to the configured bandwidth; nil, the usual way to dial, when there is none.
func paced(c *config.Config) func(ctx context.Context, network, address string) (net.Conn, error) {
	if c.Copy.Bandwidth == 0 {
		return nil
	}
	return wire.NewPace(int64(c.Copy.Bandwidth)).Dial(nil)
}

// debugf says with -v what is being done.
func (a *app) debugf(format string, args ...any) {
	if a.verbose {
		a.note(format, args...)
	}
}

// trusted is the system's authorities and the configured ones, and the name that has to be verified.
func trusted(account config.Account) (*tls.Config, error) {
	t := &tls.Config{ServerName: account.ServerName, MinVersion: tls.VersionTLS12}
	if account.CAFile == "" {
		return t, nil
	}
	pem, err := readFile(account.CAFile)
	if err != nil {
		return nil, missing(err, "ca_file", account.CAFile, "correct `ca_file`, or put the authority's certificate there")
	}
	if t.RootCAs, err = x509.SystemCertPool(); err != nil {
		t.RootCAs = x509.NewCertPool()
	}
	if !t.RootCAs.AppendCertsFromPEM(pem) {
		return nil, config.Faults{{File: account.CAFile, Line: 1, Column: 1, Text: "there is no certificate in PEM form in it", Next: "put the authority's certificate there"}}
	}
	return t, nil
}

// login chooses how to log in, once for each connection. A token may have expired since the last one, so it is fetched again each time;
// a password is fetched once, because a person or a keyring should not be asked for each connection.
func (a *app) login(ctx context.Context, c *config.Config, account config.Account) func(endpoint.Capabilities, bool) (auth.Login, error) {
	spec := secretOf(c, account)
	fetch := func() (auth.Secret, error) {
		var ask auth.Prompter
		if a.asks() {
			ask = a.Secret
		}
		return auth.Resolve(ctx, spec, ask)
	}
	if m := account.Auth.Mechanism; m != auth.XOAuth2 && m != auth.OAuthBearer {
		fetch = sync.OnceValues(fetch)
	}
	return func(caps endpoint.Capabilities, encrypted bool) (auth.Login, error) {
		secret, err := fetch()
		if err != nil {
			return auth.Login{}, err
		}
		server := auth.Server{Host: account.Host, Port: account.Port}
		return auth.Choose(account.Auth.Mechanism, account.User, secret, server, caps, encrypted)
	}
}

// secretOf says where the account's secret is. A password command may not see the other side's password either.
func secretOf(c *config.Config, account config.Account) auth.SourceSpec {
	p := account.Auth.Password
	spec := auth.SourceSpec{Env: p.Env, File: p.File, Command: p.Command, Prompt: p.Prompt, For: account.String(), Dir: c.Dir}
	if p.Keyring != nil {
		spec.Keyring = &auth.Keyring{Service: p.Keyring.Service, User: p.Keyring.User}
	}
	for _, other := range []config.Account{c.Source, c.Destination} {
		if env := other.Auth.Password.Env; env != "" {
			spec.Withhold = append(spec.Withhold, env)
		}
	}
	return spec
}

// identity is an account as the configuration names it, before anybody has logged in.
func identity(a config.Account) endpoint.Identity {
	return endpoint.Identity{Host: a.Host, Port: a.Port, User: a.User}
}

// survey looks at both ends, patiently.
func (b *accounts) survey(ctx context.Context, sink event.Sink) error {
	take := func(lister endpoint.Lister, into **survey.Survey) func(context.Context) error {
		return func(ctx context.Context) error {
			patience := endpoint.DefaultPatience
			patience.Waiting = waiting(survey.Stage, sink)
			return patience.Do(ctx, func() (bool, error) {
				s, err := survey.Take(ctx, lister, sink, b.app.now)
				*into = s
				return false, err
			})
		}
	}
	return atOnce(ctx, take(b.source.Source(), &b.sourceSurvey), take(b.destination.Source(), &b.destinationSurvey))
}

// waiting tells that a server is given time.
func waiting(stage string, sink event.Sink) func(error, time.Duration) {
	return func(err error, wait time.Duration) {
		sink.Emit(event.Waiting{Stage: stage, Reason: err.Error(), Wait: wait})
	}
}

// rules are what the configuration asks of a plan.
func rules(c *config.Config) plan.Rules {
	r := plan.Rules{
		Name: c.Name, Tool: tool(), Include: c.Mailboxes.Include, Exclude: c.Mailboxes.Exclude, Roles: c.Mailboxes.Roles, Prefix: mailbox.Name(c.Mailboxes.Prefix),
		Messages:  plan.Filter{Since: c.Messages.Since.Time, Before: c.Messages.Before.Time, MaxSize: int64(c.Messages.MaxSize)},
		Bandwidth: int64(c.Copy.Bandwidth), Connections: c.Destination.Connections,
	}
	for _, m := range c.Mailboxes.Map {
		r.Map = append(r.Map, plan.MapRule{From: m.From, To: m.To})
	}
	return r
}

// limitMemory has the garbage collector work harder before the process grows far beyond the budget for messages: the budget, and room for
// connections, the ledger's pages and the program itself. An environment that sets GOMEMLIMIT has its way.
func limitMemory(c *config.Config) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(c.Copy.Memory) + beside)
	}
}

const beside = 40 << 20 // bytes
