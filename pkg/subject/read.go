package subject

import (
	"context"
	"errors"
	"fmt"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
)

// Read gives the subjects of those messages of set that are in that mailbox now, under that UIDVALIDITY; a mailbox that is another one by now
// is an *endpoint.StaleError. The mailbox is opened by EXAMINE.
func Read(ctx context.Context, account endpoint.Fetcher, w mailbox.Wire, v mailbox.UIDValidity, set mailbox.UIDSet) (map[mailbox.UID]string, error) {
	r, err := account.Examine(ctx, w)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if s := r.State(); s.Validity != v || v == 0 {
		return nil, &endpoint.StaleError{Account: account.Identity().String(), Mailbox: fmt.Sprintf("%.200s", w), Reason: fmt.Sprintf("its uidvalidity is %d, it was %d when it was copied", s.Validity, v),
			Next: "the subjects of its messages are not known; leave --subjects out"}
	}
	headers, able := r.(endpoint.HeaderReader)
	if !able {
		return nil, &endpoint.Error{Class: endpoint.Unsupported, Account: account.Identity().String(), Op: "read subjects", Err: errors.New("this account gives no header fields")}
	}
	fields, err := headers.HeaderField(ctx, set, "Subject", Longest)
	if err != nil {
		return nil, err
	}
	subjects := make(map[mailbox.UID]string, len(fields))
	for uid, field := range fields {
		if text := Decode(field); text != "" {
			subjects[uid] = text
		}
	}
	return subjects, nil
}
