package endpoint

import (
	"context"

	"imapmigrate/pkg/mailbox"
)

// HeaderReader is an ability that a Reader may have beside: a look at one header field without the message. Nothing that decides about mail
// needs it; it is for showing people which message is meant.
type HeaderReader interface {
	// HeaderField gives that field, as it stands in the message with its name and its folds, of those messages of set that exist, at most so
	// many bytes of each (BODY.PEEK[HEADER.FIELDS (field)]<0.most>, RFC 9051 section 6.4.5). A message without the field has an entry that
	// says nothing; the bytes are a stranger's. field is an atom.
	HeaderField(ctx context.Context, set mailbox.UIDSet, field string, most int) (map[mailbox.UID][]byte, error)
}
