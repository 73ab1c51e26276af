package endpoint

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"imapmigrate/pkg/mailbox"
)

// Identity says which account an endpoint is logged in to.
type Identity struct {
	Host   string `yaml:"host" json:"host"`
	Port   int    `yaml:"port" json:"port"`
	User   string `yaml:"user" json:"user"`
	Server string `yaml:"server" json:"server"`                       // what ID (RFC 2971) or the greeting says; for people only
	Key    string `yaml:"tls_key,omitempty" json:"tls_key,omitempty"` // SHA-256 of the certificate's public key, hex; empty without TLS
}

// String is the account as messages name it.
func (i Identity) String() string { return fmt.Sprintf("%s at %s", i.User, i.Host) }

// Same reports whether both are one account: host, port and user. A server may change its software and its certificate.
func (i Identity) Same(o Identity) bool {
	return strings.EqualFold(i.Host, o.Host) && i.Port == o.Port && i.User == o.User
}

// Capabilities are upper-case capability names, sorted (RFC 9051 section 7.2.2).
type Capabilities []string

// NewCapabilities brings names into one form.
func NewCapabilities(names ...string) Capabilities {
	c := make(Capabilities, 0, len(names))
	for _, n := range names {
		c = append(c, strings.ToUpper(n))
	}
	slices.Sort(c)
	return slices.Compact(c)
}

// Has reports whether the server listed name (upper case).
func (c Capabilities) Has(name string) bool {
	_, found := slices.BinarySearch(c, name)
	return found
}

// Value is what follows "NAME=" of the first capability of that form, as in APPENDLIMIT=35651584.
func (c Capabilities) Value(name string) (string, bool) {
	for _, s := range c {
		if v, ok := strings.CutPrefix(s, name+"="); ok {
			return v, true
		}
	}
	return "", false
}

// AppendLimit is the largest message the server takes, in bytes (RFC 7889); -1 when it states none.
func (c Capabilities) AppendLimit() int64 {
	if v, ok := c.Value("APPENDLIMIT"); ok {
		if n, err := strconv.ParseInt(v, 10, 64); err == nil && n >= 0 {
			return n
		}
	}
	return -1
}

// Namespace is one prefix under which mailboxes live, with its delimiter.
type Namespace struct {
	Prefix    mailbox.Wire
	Delimiter string
}

// Namespaces of an account (RFC 2342).
type Namespaces struct{ Personal, Others, Shared []Namespace }

// Quota is one limited resource of one quota root (RFC 9208). STORAGE counts in units of 1024 bytes.
type Quota struct {
	Root     string
	Resource string
	Used     int64
	Limit    int64
}
