package wire

import (
	"context"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// Namespaces of the account (RFC 2342), with prefixes byte for byte. Without the extension there is one personal namespace without prefix,
// with the delimiter that LIST "" "" tells.
func (s *Session) Namespaces(ctx context.Context) (endpoint.Namespaces, error) {
	var found endpoint.Namespaces
	err := s.Do(ctx, Op{Words: "ask for the namespaces"}, func(x *Exchange) (err error) {
		found, err = x.namespaces()
		return err
	})
	return found, err
}

// namespaces asks once in a session: they do not change.
func (x *Exchange) namespaces() (endpoint.Namespaces, error) {
	if known := x.session.spaces; known != nil {
		return *known, nil
	}
	found, err := x.askNamespaces()
	if err == nil {
		x.session.spaces = &found
	}
	return found, err
}

func (x *Exchange) askNamespaces() (found endpoint.Namespaces, err error) {
	if x.session.caps.Has("NAMESPACE") {
		answer, err := x.run(verb("NAMESPACE"), func(r *response) error {
			if _, name := r.untagged(); name == "NAMESPACE" {
				found = parseNamespaces(r)
			}
			return nil
		})
		if err != nil {
			return found, err
		}
		if answer.kind == "OK" && len(found.Personal) > 0 {
			return found, nil
		}
	}
	delimiter, err := x.delimiter()
	found.Personal = []endpoint.Namespace{{Delimiter: delimiter}}
	return found, err
}

// delimiter asks LIST "" "" (RFC 9051 section 6.3.9).
func (x *Exchange) delimiter() (delimiter string, err error) {
	err = x.ask(verb(`LIST "" ""`), func(r *response) error {
		if _, name := r.untagged(); name == "LIST" {
			p := newParser(r)
			p.skipWords(2)
			_, _ = p.value()
			if v, err := p.value(); err == nil && !v.isNil() {
				delimiter = v.text
			}
		}
		return nil
	})
	return delimiter, err
}

// maxNamespaces of one kind; more are ignored.
const maxNamespaces = 100

// parseNamespaces reads three lists, each NIL or (("prefix" "/" extensions...)...).
func parseNamespaces(r *response) (found endpoint.Namespaces) {
	p := newParser(r)
	p.skipWords(2)
	for _, kind := range []*[]endpoint.Namespace{&found.Personal, &found.Others, &found.Shared} {
		v, err := p.value()
		if err != nil {
			return found
		}
		for _, n := range v.list[:min(len(v.list), maxNamespaces)] {
			if len(n.list) < 2 {
				continue
			}
			space := endpoint.Namespace{Prefix: mailbox.Wire(n.list[0].text), Delimiter: n.list[1].text}
			if n.list[1].isNil() {
				space.Delimiter = ""
			}
			*kind = append(*kind, space)
		}
	}
	return found
}
