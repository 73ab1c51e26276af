package demo

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Scene is all that a demonstration needs: two running servers with mail, and a configuration that names them.
type Scene struct {
	Dir    string // the folder given to Prepare
	Config string // path of migration.yaml in it

	Source, Destination               *Server
	SourceAccount, DestinationAccount *Account
}

// The users of the scene.
const (
	SourceUser      = "alice@old.example"
	DestinationUser = "alice@new.example"
)

// Prepare starts both servers, fills them by Seed with one seed for all demonstrations, and writes into dir, which is made (0700) if it
// is missing and must not hold a migration.yaml yet:
//
//	migration.yaml                              the configuration, name "demo"
//	source.pem, destination.pem                 the certificates to trust
//	source.password, destination.password       random, 0600
//
// Close stops the servers, after which the mail is gone; the files stay, useless but readable. Nothing outside dir is written. now is
// the servers' clock for messages appended without a date; nil means time.Now.
func Prepare(dir string, now func() time.Time) (*Scene, error) {
	s := &Scene{Dir: dir, Config: filepath.Join(dir, "migration.yaml")}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("demo folder: %w", err)
	}
	if _, err := os.Lstat(s.Config); err == nil {
		return nil, fmt.Errorf("demo folder %s holds a migration.yaml already; choose an empty folder", dir)
	}
	if err := s.start(now); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Scene) start(now func() time.Time) error {
	var err error
	source := Options{Delimiter: ".", Prefix: "INBOX.", CAFile: filepath.Join(s.Dir, "source.pem"), FirstValidity: 1_400_000_001, Now: now}
	if s.Source, s.SourceAccount, err = s.server(source, SourceUser, "source.password"); err != nil {
		return err
	}
	destination := Options{Delimiter: "/", CAFile: filepath.Join(s.Dir, "destination.pem"), FirstValidity: 1_700_000_001, Now: now}
	if s.Destination, s.DestinationAccount, err = s.server(destination, DestinationUser, "destination.password"); err != nil {
		return err
	}
	if err := Seed(s.SourceAccount, s.DestinationAccount, 1); err != nil {
		return err
	}
	return create(s.Config, s.configuration())
}

// server starts one server with one account, and puts the password into a file.
func (s *Scene) server(o Options, user, passwordFile string) (*Server, *Account, error) {
	password := rand.Text()
	if err := create(filepath.Join(s.Dir, passwordFile), password+"\n"); err != nil {
		return nil, nil, err
	}
	server, err := StartServer(o)
	if err != nil {
		return nil, nil, err
	}
	account, err := server.AddUser(user, password)
	return server, account, err
}

// configuration is migration.yaml. All values in it are ours, so that none needs quoting beyond %q.
func (s *Scene) configuration() string {
	var b strings.Builder
	b.WriteString("# Written by the demo. Its two servers live inside the demo's process and are gone with it.\nversion: 1\nname: demo\n")
	for _, end := range []struct {
		name, user string
		server     *Server
	}{{"source", SourceUser, s.Source}, {"destination", DestinationUser, s.Destination}} {
		fmt.Fprintf(&b, "%s:\n  host: %q\n  port: %d\n  security: tls\n  ca_file: %q\n  user: %q\n  auth:\n    password: {file: %q}\n",
			end.name, end.server.Host(), end.server.Port(), filepath.Base(end.server.CAFile()), end.user, end.name+".password")
	}
	return b.String()
}

// create writes a file for its owner only, and never over another.
func create(path, content string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("demo folder: %w", err)
	}
	_, err = f.WriteString(content)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("demo folder: %w", err)
	}
	return nil
}

// Close stops both servers. It may be called twice.
func (s *Scene) Close() error {
	var all []error
	for _, server := range []*Server{s.Source, s.Destination} {
		if server != nil {
			all = append(all, server.Close())
		}
	}
	return errors.Join(all...)
}
