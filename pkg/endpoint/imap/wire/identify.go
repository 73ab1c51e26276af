package wire

import (
	"strings"
)

// introduce sends ID (RFC 2971) after login: one provider refuses to open mailboxes for clients that have not. A refusal does no harm.
func (s *Session) introduce(x *Exchange) error {
	if !s.caps.Has("ID") {
		return nil
	}
	c := verb("ID NIL")
	if len(s.options.ID) > 0 {
		c = verb("ID (")
		for i, field := range s.options.ID {
			if i > 0 {
				c = c.and(" ")
			}
			c = c.astring(printable(field[0])).and(" ").astring(printable(field[1]))
		}
		c = c.and(")")
	}
	_, err := x.run(c, func(r *response) error {
		if _, name := r.untagged(); name == "ID" {
			s.remember(r)
		}
		return nil
	})
	return err
}

// printable leaves nothing that would need a literal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e {
			return '?'
		}
		return r
	}, s)
}

// remember keeps the server's name and version.
func (s *Session) remember(r *response) {
	p := newParser(r)
	p.skipWords(2)
	v, err := p.value()
	if err != nil || v.kind != listValue {
		return
	}
	known := map[string]string{}
	for i := 0; i+1 < len(v.list); i += 2 {
		known[strings.ToLower(v.list[i].text)] = v.list[i+1].text
	}
	if name := strings.TrimSpace(known["name"] + " " + known["version"]); name != "" {
		s.identity.Server = cut(name, maxServerName)
	}
}
