package memory

import (
	"bytes"
	"context"
	"strings"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

var _ endpoint.HeaderReader = reader{}

// HeaderField is one call of FETCH for the whole set.
func (r reader) HeaderField(ctx context.Context, set mailbox.UIDSet, field string, most int) (map[mailbox.UID][]byte, error) {
	c, fault, err := r.session.call(ctx, Fetch, 0)
	if err != nil {
		return nil, err
	}
	if fault.Err != nil {
		return nil, fault.Err
	}
	a := r.session.login.account
	if !mailbox.Flag(field).Keyword() {
		return nil, a.fail(endpoint.Unclassified, c, "", "no such header field")
	}
	all := map[mailbox.UID][]byte{}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, m := range r.session.box.in(set) {
		text := headerField(m.Content, field)
		all[m.UID] = text[:min(len(text), most)]
	}
	return all, nil
}

// headerField is the first field of that name with its folds, and the empty line that ends a header on the wire.
func headerField(content []byte, field string) []byte {
	header, _, _ := bytes.Cut(content, []byte("\r\n\r\n"))
	var out []byte
	taking := false
	for _, line := range bytes.SplitAfter(append(header[:len(header):len(header)], "\r\n"...), []byte("\r\n")) {
		if len(line) > 0 && line[0] != ' ' && line[0] != '\t' {
			name, _, _ := bytes.Cut(line, []byte(":"))
			taking = strings.EqualFold(string(name), field)
		}
		if taking {
			out = append(out, line...)
		}
	}
	return append(out, "\r\n"...)
}
