package wire

import (
	"fmt"
	"strconv"
	"strings"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// piece is a part of a command: text that goes as it is, or a string that needs a literal.
type piece struct {
	text    string
	literal bool
}

// command is a command without its tag and CRLF, as pieces in order.
type command []piece

// verb starts a command with text that is safe by itself: verbs, numbers, options.
func verb(text string) command { return command{{text: text}} }

// and adds text that is safe by itself.
func (c command) and(text string) command { return append(c, piece{text: text}) }

// astring adds s as one astring: in quotes where all of it is printable ASCII, else as a literal (RFC 9051 section 4.3). The result is one
// argument whatever s holds; the caller has checked it with [checkArgument].
func (c command) astring(s string) command {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return append(c, piece{text: s, literal: true})
		}
	}
	return append(c, piece{text: `"` + quoteEscaper.Replace(s) + `"`})
}

var quoteEscaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// name adds a mailbox name, byte for byte.
func (c command) name(w mailbox.Wire) command { return c.astring(string(w)) }

// checkArgument refuses what must not be in an argument even within a literal: a line end, which a sloppy server could take for the
// end of the command, and NUL (RFC 9051 section 9, CHAR8).
func checkArgument(s string) error {
	if i := strings.IndexAny(s, "\r\n\x00"); i >= 0 {
		return fmt.Errorf("contains the byte 0x%02x, which no server can be told", s[i])
	}
	return nil
}

// checkName refuses mailbox names that cannot be sent.
func checkName(w mailbox.Wire) error {
	if w == "" {
		return fmt.Errorf("the mailbox name is empty")
	}
	if err := checkArgument(string(w)); err != nil {
		return fmt.Errorf("the mailbox name %q %w", string(w), err)
	}
	return nil
}

// nonSync reports whether a literal of n bytes may follow its announcement at once (RFC 7888 sections 4 and 5), as advertised on this
// connection.
func nonSync(caps endpoint.Capabilities, n int64) bool {
	return caps.Has("LITERAL+") || (caps.Has("LITERAL-") && n <= 4096)
}

// announce is the mark of a literal.
func announce(n int64, nonSync bool) string {
	if nonSync {
		return "{" + strconv.FormatInt(n, 10) + "+}"
	}
	return "{" + strconv.FormatInt(n, 10) + "}"
}
