package demo

import (
	"fmt"
	"io"
	"slices"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"imapmigrate/pkg/mailbox"
)

// session is one connection. go-imap calls it from one goroutine, and checks that commands come in the right state.
type session struct {
	server  *Server
	account *Account // nil before login
	view    *view    // nil when no mailbox is selected
	arrived func()   // stores the message of an APPEND whose command has not ended yet; nil without one
}

var _ imapserver.SessionIMAP4rev2 = (*session)(nil)

// Close is called once, when the connection is over. It leaves the fields alone: an Idle may still be on its way out.
func (s *session) Close() error {
	s.server.listener.served.Done()
	return nil
}

// Login serves LOGIN and AUTHENTICATE PLAIN.
func (s *session) Login(user, password string) (err error) {
	s.account, err = s.server.login(user, password)
	return err
}

// Namespace is RFC 2342: one personal namespace.
func (s *session) Namespace() (*imap.NamespaceData, error) {
	if !s.server.offers(imap.CapNamespace) {
		return nil, reject("NAMESPACE is not offered")
	}
	l := s.account.layout
	return &imap.NamespaceData{Personal: []imap.NamespaceDescriptor{{Prefix: l.prefix, Delim: delimiterRune(l)}}}, nil
}

// Select serves SELECT and EXAMINE. In an examined mailbox nothing can be changed, so no flag is permanent.
func (s *session) Select(name string, o *imap.SelectOptions) (*imap.SelectData, error) {
	b, err := s.account.open(name)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	v := newView(b, o.ReadOnly)
	flags := append(wireFlags(systemFlags), wireFlags(b.keywords())...)
	data := &imap.SelectData{Flags: flags, NumMessages: uint32(len(v.uids)), UIDNext: v.top, UIDValidity: b.validity}
	if !o.ReadOnly {
		data.PermanentFlags = append(slices.Clone(flags), imap.FlagWildcard)
	}
	if i := slices.IndexFunc(b.messages, func(m *message) bool { return !m.has(mailbox.Seen) }); i >= 0 {
		data.FirstUnseenSeqNum = uint32(i) + 1
	}
	s.view = v
	return data, nil
}

var systemFlags = []mailbox.Flag{mailbox.Answered, mailbox.Flagged, mailbox.Deleted, mailbox.Seen, mailbox.Draft}

// Unselect leaves the mailbox as it is.
func (s *session) Unselect() error {
	s.view = nil
	return nil
}

// Create serves CREATE, with RFC 6154's USE of one attribute.
func (s *session) Create(name string, o *imap.CreateOptions) error {
	var role mailbox.Role
	switch {
	case len(o.SpecialUse) > 0 && !s.server.offers(imap.CapCreateSpecialUse):
		return reject("CREATE-SPECIAL-USE is not offered")
	case len(o.SpecialUse) > 1:
		return refuse(codeUseAttr, "one special use a mailbox")
	case len(o.SpecialUse) == 1:
		if role = mailbox.RoleOf(string(o.SpecialUse[0])); role == mailbox.RoleNone {
			return refuse(codeUseAttr, "special use %+q is not known", string(o.SpecialUse[0]))
		}
	}
	return s.account.create(name, role)
}

// Delete serves DELETE.
func (s *session) Delete(name string) error { return s.account.delete(name) }

// Rename serves RENAME.
func (s *session) Rename(from, to string, _ *imap.RenameOptions) error {
	return s.account.rename(from, to)
}

// Subscribe serves SUBSCRIBE.
func (s *session) Subscribe(name string) error { return s.account.subscribe(name, true) }

// Unsubscribe serves UNSUBSCRIBE.
func (s *session) Unsubscribe(name string) error { return s.account.subscribe(name, false) }

// Append takes the bytes as they come, and leaves storing them to Poll: a server stores a message when the command ends, and go-imap
// calls this before it has read the CRLF that ends it. It reads on past a refused message by itself.
func (s *session) Append(name string, r imap.LiteralReader, o *imap.AppendOptions) (*imap.AppendData, error) {
	s.arrived = nil
	b, err := s.account.openTarget(name)
	if err != nil {
		return nil, err
	}
	flags := storeFlags(o.Flags)
	if err := checkFlags(flags); err != nil {
		return nil, err
	}
	content := make([]byte, r.Size())
	if _, err := io.ReadFull(r, content); err != nil {
		return nil, fmt.Errorf("read the message: %w", err)
	}
	date := o.Time
	if date.IsZero() {
		date = s.account.now()
	}
	data := &imap.AppendData{UIDValidity: b.validity}
	s.arrived = func() { data.UID = b.add(content, date, flags) }
	if !s.server.offers(imap.CapUIDPlus) {
		return nil, nil
	}
	return data, nil
}

// Poll is called when a command has ended well, before its tagged OK is written. It stores what APPEND brought, and tells what other
// clients did.
func (s *session) Poll(w *imapserver.UpdateWriter, allowExpunge bool) error {
	if s.arrived != nil {
		s.arrived()
		s.arrived = nil
	}
	if s.view == nil {
		return nil
	}
	return s.view.poll(w, allowExpunge)
}

// Idle is RFC 2177. go-imap calls it from a goroutine of its own while it waits for DONE.
func (s *session) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	v := s.view
	if v == nil {
		<-stop
		return nil
	}
	for {
		changed := v.box.watch()
		if err := v.poll(w, true); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-stop:
			return nil
		}
	}
}

// Expunge serves EXPUNGE, UID EXPUNGE and CLOSE. CLOSE in an examined mailbox removes nothing and succeeds (RFC 9051 section 6.4.1);
// go-imap shows that it is CLOSE only by a writer that writes nowhere.
func (s *session) Expunge(w *imapserver.ExpungeWriter, uids *imap.UIDSet) error {
	closing := *w == (imapserver.ExpungeWriter{})
	switch {
	case s.view.readOnly && closing:
		return nil
	case s.view.readOnly:
		return errReadOnly
	case uids != nil && !s.server.offers(imap.CapUIDPlus):
		return reject("UIDPLUS is not offered")
	}
	named := func(imap.UID) bool { return true }
	if uids != nil {
		places, err := s.view.places(*uids)
		if err != nil {
			return err
		}
		set := make(map[imap.UID]bool, len(places))
		for _, i := range places {
			set[s.view.uids[i]] = true
		}
		named = func(uid imap.UID) bool { return set[uid] }
	}
	for _, seq := range s.view.expunge(func(m *message) bool { return m.has(mailbox.Deleted) && named(m.uid) }) {
		if err := w.WriteExpunge(seq); err != nil {
			return err
		}
	}
	return nil
}

var errReadOnly = refuse("READ-ONLY", "the mailbox was opened by EXAMINE")

// Store serves STORE and UID STORE.
func (s *session) Store(w *imapserver.FetchWriter, set imap.NumSet, change *imap.StoreFlags, _ *imap.StoreOptions) error {
	if s.view.readOnly {
		return errReadOnly
	}
	flags := storeFlags(change.Flags)
	if err := checkFlags(flags); err != nil {
		return err
	}
	all, err := s.view.find(set, func(m *message) []mailbox.Flag {
		switch change.Op {
		case imap.StoreFlagsAdd:
			return slices.Concat(m.flags, flags)
		case imap.StoreFlagsDel:
			return slices.DeleteFunc(slices.Clone(m.flags), func(f mailbox.Flag) bool { return slices.ContainsFunc(flags, f.Equal) })
		}
		return flags
	})
	if err != nil || change.Silent {
		return err
	}
	for _, f := range all {
		if err := writeMessage(w, f, &imap.FetchOptions{UID: true, Flags: true}); err != nil {
			return err
		}
	}
	return nil
}

// Copy serves COPY and UID COPY, into the same mailbox too.
func (s *session) Copy(set imap.NumSet, to string) (*imap.CopyData, error) {
	target, err := s.account.openTarget(to)
	if err != nil {
		return nil, err
	}
	all, err := s.view.find(set, nil)
	if err != nil {
		return nil, err
	}
	return s.copyTo(target, all), nil
}

// copyTo adds the messages to target; nil where there is nothing to tell.
func (s *session) copyTo(target *box, all []found) *imap.CopyData {
	data := &imap.CopyData{UIDValidity: target.validity}
	for _, f := range all {
		data.SourceUIDs.AddNum(f.uid)
		data.DestUIDs.AddNum(target.add(f.content, f.date, f.flags))
	}
	if len(all) == 0 || !s.server.offers(imap.CapUIDPlus) {
		return nil
	}
	return data
}

// Move is RFC 6851: COPYUID untagged, then the expunged.
func (s *session) Move(w *imapserver.MoveWriter, set imap.NumSet, to string) error {
	if !s.server.offers(imap.CapMove) {
		return reject("MOVE is not offered")
	}
	if s.view.readOnly {
		return errReadOnly
	}
	target, err := s.account.openTarget(to)
	if err != nil {
		return err
	}
	all, err := s.view.find(set, nil)
	if err != nil {
		return err
	}
	if err := w.WriteCopyData(s.copyTo(target, all)); err != nil {
		return err
	}
	moved := make(map[*message]bool, len(all))
	for _, f := range all {
		moved[f.message] = true
	}
	for _, seq := range s.view.expunge(func(m *message) bool { return moved[m] }) {
		if err := w.WriteExpunge(seq); err != nil {
			return err
		}
	}
	return nil
}

// openTarget is open for APPEND and COPY, where a missing mailbox is one that CREATE would help with (RFC 9051 section 6.3.12).
func (a *Account) openTarget(name string) (*box, error) {
	b, err := a.open(name)
	if err != nil {
		return nil, refuse(imap.ResponseCodeTryCreate, "there is no mailbox %+q", a.layout.key(name))
	}
	return b, nil
}

func wireFlags(flags []mailbox.Flag) []imap.Flag {
	out := make([]imap.Flag, len(flags))
	for i, f := range flags {
		out[i] = imap.Flag(f)
	}
	return out
}

func storeFlags(flags []imap.Flag) []mailbox.Flag {
	out := make([]mailbox.Flag, len(flags))
	for i, f := range flags {
		out[i] = mailbox.Flag(f)
	}
	return out
}
