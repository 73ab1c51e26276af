package imap_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint/endpointtest"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/mailbox"
)

// What each server is known to do to mail and names. Everything else must be as it was sent.

func TestContractOnDovecotMaildir(t *testing.T) {
	endpointtest.Run(t, factory(dovecotA(t), dovecotFacts()))
}

func TestContractOnDovecotSdbox(t *testing.T) {
	endpointtest.Run(t, factory(dovecotB(t), dovecotFacts()))
}

func dovecotFacts() endpointtest.Facts {
	return endpointtest.Facts{
		RefusesSubscribe: true,
		RefusesMessage:   func(content []byte) bool { return len(content) == 0 },
		Stored: func(content []byte) []byte {
			return bytes.TrimSuffix(bytes.ReplaceAll(crlf(content), []byte{0}, []byte{0x80}), []byte("\r"))
		},
		// Seconds since 1970 in 32 bits without a sign: 1960 becomes 2096.
		StoredDate: func(date time.Time) time.Time {
			if date.Unix() < 0 {
				return date.Add(time.Duration(1<<32) * time.Second)
			}
			return date
		},
	}
}

func TestContractOnCyrus(t *testing.T) {
	s := imaptest.Cyrus(t)
	endpointtest.Run(t, factory(s, endpointtest.Facts{
		RefusesSubscribe: true,
		RefusesMessage:   cyrusRefuses,
		RefusesDate:      func(date time.Time) bool { return date.Year() < 1970 },
		RefusesName:      func(part, _ string) bool { return strings.ContainsAny(part, "%\"\\{;`|<>") },
		KeepsRole:        func(role mailbox.Role) bool { return role != mailbox.RoleAll && role != mailbox.RoleFlagged },
		Stored: func(content []byte) []byte {
			head := len(headerOf(content))
			out := bytes.Clone(content)
			for i := range out[:head] {
				if out[i] >= 0x80 {
					out[i] = 'X'
				}
			}
			return out
		},
	}))
}

// cyrusRefuses: bare LF, NUL, and what begins with neither a header nor an empty line.
func cyrusRefuses(content []byte) bool {
	if bytes.IndexByte(content, 0) >= 0 || len(content) == 0 || !bytes.Equal(content, crlf(content)) {
		return true
	}
	first, _, _ := bytes.Cut(content, []byte("\r\n"))
	return len(first) > 0 && !bytes.Contains(first, []byte(":"))
}

func TestContractOnCourier(t *testing.T) {
	s := imaptest.Courier(t)
	endpointtest.Run(t, factory(s, endpointtest.Facts{
		RefusesDate: func(date time.Time) bool { return date.Year() < 1970 },
		RefusesName: func(part, _ string) bool {
			return strings.Contains(part, "/") || strings.ContainsFunc(part, func(r rune) bool { return r > 0xffff })
		},
		Stored: func(content []byte) []byte {
			out := bytes.ReplaceAll(crlf(content), []byte("\r\n"), []byte("\n"))
			out = bytes.ReplaceAll(out, []byte("\r"), nil)
			if !bytes.HasSuffix(out, []byte("\n")) {
				out = append(out, '\n')
			}
			return crlf(out)
		},
	}))
}
