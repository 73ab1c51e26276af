package demo

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"imapmigrate/pkg/mailbox"
)

// List serves LIST with RFC 5258, 5819 and 6154, and LSUB. Special uses and \HasChildren are shown without being asked for.
func (s *session) List(w *imapserver.ListWriter, ref string, patterns []string, o *imap.ListOptions) error {
	if err := s.checkList(o); err != nil {
		return err
	}
	l := s.account.layout
	if len(patterns) == 0 { // LIST "" "" asks for the delimiter (RFC 9051 section 6.3.9)
		return w.WriteList(&imap.ListData{Attrs: []imap.MailboxAttr{imap.MailboxAttrNoSelect}, Delim: delimiterRune(l)})
	}
	for _, e := range s.account.list() {
		if !wanted(l, e, ref, patterns, o) {
			continue
		}
		data := &imap.ListData{Attrs: s.attributes(e, o), Delim: delimiterRune(l), Mailbox: e.key}
		if o.ReturnStatus != nil && e.box != nil {
			data.Status = statusData(e.key, e.box)
		}
		if err := w.WriteList(data); err != nil {
			return err
		}
	}
	return nil
}

// checkList refuses what this server does not offer.
func (s *session) checkList(o *imap.ListOptions) error {
	extended := o.ReturnSubscribed || o.ReturnChildren || o.ReturnSpecialUse || o.ReturnStatus != nil
	switch {
	case extended && !s.server.offers(imap.CapListExtended):
		return reject("LIST-EXTENDED is not offered")
	case o.ReturnStatus != nil && !s.server.offers(imap.CapListStatus):
		return reject("LIST-STATUS is not offered")
	case (o.SelectSpecialUse || o.ReturnSpecialUse) && !s.server.offers(imap.CapSpecialUse):
		return reject("SPECIAL-USE is not offered")
	case o.SelectRecursiveMatch:
		return refuse(imap.ResponseCodeCannot, "RECURSIVEMATCH is not supported")
	case o.ReturnStatus != nil:
		return s.checkStatus(o.ReturnStatus)
	}
	return nil
}

func wanted(l layout, e entry, ref string, patterns []string, o *imap.ListOptions) bool {
	switch {
	case o.SelectSubscribed && !e.subscribed:
		return false
	case !o.SelectSubscribed && !e.exists:
		return false
	case o.SelectSpecialUse && e.role == mailbox.RoleNone:
		return false
	}
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if ref == "" && strings.EqualFold(pattern, mailbox.Inbox) {
			return e.key == mailbox.Inbox
		}
		return imapserver.MatchList(e.key, delimiterRune(l), ref, pattern)
	})
}

func (s *session) attributes(e entry, o *imap.ListOptions) []imap.MailboxAttr {
	var all []imap.MailboxAttr
	switch {
	case !e.exists:
		all = append(all, imap.MailboxAttrNonExistent)
	case e.box == nil:
		all = append(all, imap.MailboxAttrNoSelect)
	}
	if s.server.offers(imap.CapChildren) && e.exists {
		if e.children {
			all = append(all, imap.MailboxAttrHasChildren)
		} else {
			all = append(all, imap.MailboxAttrHasNoChildren)
		}
	}
	if e.subscribed && (o.ReturnSubscribed || o.SelectSubscribed) {
		all = append(all, imap.MailboxAttrSubscribed)
	}
	if e.role != mailbox.RoleNone && s.server.offers(imap.CapSpecialUse) {
		all = append(all, imap.MailboxAttr(e.role))
	}
	return all
}

// Status serves STATUS.
func (s *session) Status(name string, o *imap.StatusOptions) (*imap.StatusData, error) {
	if err := s.checkStatus(o); err != nil {
		return nil, err
	}
	b, err := s.account.open(name)
	if err != nil {
		return nil, err
	}
	return statusData(s.account.layout.key(name), b), nil
}

func (s *session) checkStatus(o *imap.StatusOptions) error {
	switch {
	case o.Size && !s.server.offers(imap.CapStatusSize):
		return reject("STATUS=SIZE is not offered")
	case o.AppendLimit || o.DeletedStorage:
		return reject("APPENDLIMIT and QUOTA are not offered")
	}
	return nil
}

func statusData(key string, b *box) *imap.StatusData {
	status := b.status()
	b.mu.Lock()
	deleted := b.count(mailbox.Deleted)
	b.mu.Unlock()
	return &imap.StatusData{
		Mailbox: key, NumMessages: &status.Messages, NumRecent: new(uint32), UIDNext: imap.UID(status.UIDNext),
		UIDValidity: uint32(status.UIDValidity), NumUnseen: &status.Unseen, NumDeleted: &deleted, Size: &status.Size,
	}
}

func delimiterRune(l layout) rune {
	r, _ := utf8.DecodeRuneInString(l.delimiter)
	return r
}
