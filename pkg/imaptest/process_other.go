//go:build !linux

package imaptest

import "errors"

// process cannot be: the servers are Debian's.
type process struct{}

// credential has no meaning here.
type credential struct{}

type command struct {
	args    []string
	env     []string
	dir     string
	logFile string
}

func unsupported() string { return "the test servers run on Linux only" }

func namespacesAllowed() string { return unsupported() }

func start(command) (*process, error) { return nil, errors.ErrUnsupported }

func mailCredential() (*credential, error) { return nil, errors.ErrUnsupported }

func ownedFolder(string, *credential) error { return errors.ErrUnsupported }

func (c *credential) ids() (uid, gid int) { return 0, 0 }

func (*process) stop() {}

func (*process) log() string { return "" }

func (*process) ready(addr, want string) error { return errors.ErrUnsupported }
