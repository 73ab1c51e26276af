package demo

import (
	"fmt"
	"math/rand/v2"

	"imapmigrate/pkg/mailbox"
	sample "imapmigrate/testdata/message"
)

// Seed fills two fresh accounts, the same way for the same seed: the source with some 400 messages in nested, non-ASCII and special-use
// mailboxes, with keywords, dates from 1960 to 2038 and the samples of testdata/message; the destination with the mailboxes that a new
// account comes with, two messages of its own and three that the source has too, byte for byte.
//
// Left out of the source are the samples that a server may refuse by the letter of the RFC (no bytes at all; NUL), and \Deleted, which
// would make a purge stop to ask. A name that holds the source's delimiter is left out as well.
func Seed(source, destination *Account, seed uint64) error {
	f := &filler{account: source, seed: seed, random: rand.New(rand.NewPCG(seed, 0))}
	steps := []func() error{f.letters, f.archive, f.samples, f.dates, f.flags, f.gaps}
	for _, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("seed the source: %w", err)
		}
	}
	if err := furnish(source, destination, seed); err != nil {
		return fmt.Errorf("seed the destination: %w", err)
	}
	return nil
}

// ordinary are mailboxes that hold letters.
var ordinary = []struct {
	parts   mailbox.Name
	role    mailbox.Role
	letters int
	flags   []mailbox.Flag // of every letter; nil: a mix
	hidden  bool           // not subscribed
}{
	{parts: mailbox.Name{mailbox.Inbox}, letters: 60},
	{parts: mailbox.Name{"Sent"}, role: mailbox.RoleSent, letters: 40, flags: []mailbox.Flag{mailbox.Seen}},
	{parts: mailbox.Name{"Drafts"}, role: mailbox.RoleDrafts, letters: 3, flags: []mailbox.Flag{mailbox.Draft, mailbox.Seen}},
	{parts: mailbox.Name{"Spam"}, role: mailbox.RoleJunk, letters: 20, flags: []mailbox.Flag{"Junk"}},
	{parts: mailbox.Name{"Trash"}, role: mailbox.RoleTrash, letters: 8},
	{parts: mailbox.Name{"Archive"}, role: mailbox.RoleArchive, letters: 12},
	{parts: mailbox.Name{"Projekte", "Müller & Söhne", "Angebote"}, letters: 15},
	{parts: mailbox.Name{"Projekte", "Straße"}, letters: 5},
	{parts: mailbox.Name{"日本語", "受信箱"}, letters: 10},
	{parts: mailbox.Name{"Party 🎉"}, letters: 4},
	{parts: mailbox.Name{"AC/DC"}, letters: 6},
	{parts: mailbox.Name{`Old "stuff", 100%`}, letters: 5},
	{parts: mailbox.Name{"Newsletters"}, letters: 25, flags: []mailbox.Flag{"NonJunk"}, hidden: true},
	{parts: mailbox.Name{"Vereine", "Chor", "Proben", "2014"}, letters: 7},
	{parts: mailbox.Name{"Empty"}},
}

// filler puts mail into one account.
type filler struct {
	account *Account
	seed    uint64
	random  *rand.Rand
}

func (f *filler) letters() error {
	for i, m := range ordinary {
		n := f.account.Name(m.parts...)
		if _, err := f.account.layout.join(n); err != nil {
			continue // the name holds this account's delimiter
		}
		if err := f.mailbox(n, m.role, m.hidden); err != nil {
			return err
		}
		for letter := range sample.Generate(f.seed+uint64(i), m.letters, 700+i*397%4000) {
			flags := m.flags
			if flags == nil {
				flags = f.mix()
			}
			if err := f.add(n, letter, flags...); err != nil {
				return err
			}
		}
	}
	return f.add(f.account.Name("Archive"), sample.Letter{Date: sample.Dates()[1].Time, Bytes: sample.Attachment(300 << 10)}, mailbox.Seen)
}

// archive puts letters into one mailbox for three years each.
func (f *filler) archive() error {
	made := make(map[int]bool)
	for letter := range sample.Generate(f.seed+1000, 128, 1500) {
		first := letter.Date.Year() / 3 * 3
		n := f.account.Name("Archive", fmt.Sprintf("%d-%d", first, first+2))
		if !made[first] {
			made[first] = true
			if err := f.mailbox(n, mailbox.RoleNone, false); err != nil {
				return err
			}
		}
		if err := f.add(n, letter, mailbox.Seen); err != nil {
			return err
		}
	}
	return nil
}

// samples puts the awkward messages into one mailbox, one of them twice.
func (f *filler) samples() error {
	n := f.account.Name("Curious mail")
	if err := f.mailbox(n, mailbox.RoleNone, false); err != nil {
		return err
	}
	date := sample.Dates()[0].Time
	for i, s := range append(sample.Samples(), sample.Get("plain")) {
		if s.Name == "empty" || s.Name == "nul-bytes" {
			continue
		}
		if err := f.add(n, sample.Letter{Date: date.AddDate(0, i, i), Bytes: s.Bytes}, f.mix()...); err != nil {
			return err
		}
	}
	return nil
}

// dates puts one letter a date into one mailbox.
func (f *filler) dates() error {
	n := f.account.Name("Curious dates")
	if err := f.mailbox(n, mailbox.RoleNone, false); err != nil {
		return err
	}
	dates := sample.Dates()
	i := 0
	for letter := range sample.Generate(f.seed+2000, len(dates), sample.MinLetter) {
		if err := f.add(n, sample.Letter{Date: dates[i].Time, Bytes: letter.Bytes}, mailbox.Seen); err != nil {
			return err
		}
		i++
	}
	return nil
}

// flags puts one letter a set of flags into one mailbox.
func (f *filler) flags() error {
	n := f.account.Name("Curious flags")
	if err := f.mailbox(n, mailbox.RoleNone, false); err != nil {
		return err
	}
	sets := sample.FlagSets()
	i := 0
	for letter := range sample.Generate(f.seed+3000, len(sets), sample.MinLetter) {
		var flags []mailbox.Flag
		for _, text := range sets[i].Set {
			if flag := mailbox.Flag(text); flag != mailbox.Deleted {
				flags = append(flags, flag)
			}
		}
		if err := f.add(n, letter, flags...); err != nil {
			return err
		}
		i++
	}
	return nil
}

// gaps makes UIDs and positions differ, as they do in every mailbox that is in use.
func (f *filler) gaps() error {
	return f.account.Remove(f.account.Name(mailbox.Inbox), mailbox.SetOf(2, 17, 18, 19, 60))
}

func (f *filler) mailbox(n mailbox.Name, role mailbox.Role, hidden bool) error {
	if !n.IsInbox() {
		if err := f.account.Create(n, role); err != nil {
			return err
		}
	}
	if hidden {
		return nil
	}
	return f.account.Subscribe(n)
}

func (f *filler) add(n mailbox.Name, l sample.Letter, flags ...mailbox.Flag) error {
	_, err := f.account.Append(n, Mail{mailbox.Message{InternalDate: l.Date, Flags: flags}, l.Bytes})
	return err
}

// mix is what a mailbox in use looks like: most messages read, some answered, a keyword here and there.
func (f *filler) mix() []mailbox.Flag {
	var flags []mailbox.Flag
	for _, likely := range []struct {
		flag    mailbox.Flag
		percent int
	}{{mailbox.Seen, 80}, {mailbox.Answered, 20}, {mailbox.Flagged, 6}, {"$Forwarded", 5}, {"NonJunk", 15}, {"$label1", 8}, {"Follow-Up", 3}} {
		if f.random.IntN(100) < likely.percent {
			flags = append(flags, likely.flag)
		}
	}
	return flags
}

// furnish makes the destination what a new account is, with a little mail, some of which the source has as well.
func furnish(source, destination *Account, seed uint64) error {
	f := &filler{account: destination, seed: seed}
	for _, m := range []struct {
		name string
		role mailbox.Role
	}{{"Drafts", mailbox.RoleDrafts}, {"Sent Items", mailbox.RoleSent}, {"Junk", mailbox.RoleJunk}, {"Deleted Items", mailbox.RoleTrash}} {
		if err := f.mailbox(destination.Name(m.name), m.role, false); err != nil {
			return err
		}
	}
	inbox := mailbox.Name{mailbox.Inbox}
	for letter := range sample.Generate(seed+4000, 2, 900) {
		if err := f.add(inbox, letter); err != nil {
			return err
		}
	}
	shared, err := source.Messages(inbox)
	if err != nil {
		return err
	}
	for _, m := range shared[:3] {
		if _, err := destination.Append(inbox, m); err != nil {
			return err
		}
	}
	return nil
}
