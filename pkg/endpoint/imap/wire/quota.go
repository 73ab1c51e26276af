package wire

import (
	"context"
	"strings"

	"imapmigrate/pkg/endpoint"
)

// Quota of INBOX's quota roots (RFC 9208); empty without the extension, or when the server has none for this account.
func (s *Session) Quota(ctx context.Context) ([]endpoint.Quota, error) {
	if !s.caps.Has("QUOTA") {
		return nil, nil
	}
	var found []endpoint.Quota
	err := s.Do(ctx, Op{Mailbox, "ask for the quota"}, func(x *Exchange) error {
		return x.ask(verb("GETQUOTAROOT INBOX"), func(r *response) error {
			if _, name := r.untagged(); name == "QUOTA" && len(found) < maxNamespaces {
				found = append(found, parseQuota(r)...)
			}
			return nil
		})
	})
	return found, err
}

// parseQuota reads "* QUOTA root (RESOURCE used limit ...)".
func parseQuota(r *response) (found []endpoint.Quota) {
	p := newParser(r)
	p.skipWords(2)
	root, err := p.value()
	if err != nil {
		return nil
	}
	resources, err := p.value()
	if err != nil {
		return nil
	}
	for i := 0; i+2 < len(resources.list) && len(found) < maxNamespaces; i += 3 {
		used, okUsed := resources.list[i+1].number(63)
		limit, okLimit := resources.list[i+2].number(63)
		if okUsed && okLimit {
			resource := strings.ToUpper(resources.list[i].text)
			found = append(found, endpoint.Quota{Root: root.text, Resource: resource, Used: int64(used), Limit: int64(limit)})
		}
	}
	return found
}
