package endpoint

import (
	"context"
	"fmt"
	"slices"

	"imapmigrate/pkg/mailbox"
)

// Flagger may change the flags of messages. It cannot remove one: a [FlagChange] never holds \Deleted, and there is no expunge.
type Flagger interface {
	Fetcher
	// Mark opens a mailbox read-write on a connection of its own. A mailbox that is not there is Class NoMailbox.
	Mark(ctx context.Context, w mailbox.Wire) (Marker, error)
}

// Marker is one mailbox, opened to change flags in it. It belongs to one goroutine.
type Marker interface {
	Reader
	// Change makes exactly this change on exactly these UIDs and leaves all other flags alone: UID STORE +FLAGS.SILENT and -FLAGS.SILENT
	// (RFC 9051 section 6.4.6), never FLAGS. Where modseq is not 0 and the server has CONDSTORE, messages that were changed after modseq
	// are left out (UNCHANGEDSINCE, RFC 7162 section 3.1.3); one change of flags to add and to take then is two commands, the second
	// without that condition for those alone that the first has changed. The answer proves nothing; ScanFlags afterwards. It may be
	// repeated.
	Change(ctx context.Context, set mailbox.UIDSet, change FlagChange, modseq uint64) error
}

// FlagChange is flags to add and flags to take away. The zero value changes nothing. \Deleted cannot be in one.
type FlagChange struct{ add, take []mailbox.Flag }

// ChangeFlags makes a FlagChange, in the form of [mailbox.Flags]. An error are \Deleted, \Recent, a flag that is on both sides, and one
// that is neither a system flag nor a keyword: what follows it could be run as a command.
func ChangeFlags(add, take []mailbox.Flag) (FlagChange, error) {
	for _, f := range slices.Concat(add, take) {
		if f.Equal(mailbox.Deleted) || f.Equal(mailbox.Recent) || !f.System() && !f.Keyword() {
			return FlagChange{}, fmt.Errorf("flag %.100q is not one that may be changed", string(f))
		}
		if slices.ContainsFunc(add, f.Equal) && slices.ContainsFunc(take, f.Equal) {
			return FlagChange{}, fmt.Errorf("flag %.100q cannot be added and taken away at once", string(f))
		}
	}
	return FlagChange{mailbox.Flags(add...), mailbox.Flags(take...)}, nil
}

// Add are the flags to add.
func (c FlagChange) Add() []mailbox.Flag { return slices.Clone(c.add) }

// Take are the flags to take away.
func (c FlagChange) Take() []mailbox.Flag { return slices.Clone(c.take) }

// Empty reports whether nothing is to be changed.
func (c FlagChange) Empty() bool { return len(c.add)+len(c.take) == 0 }

// String tells changes apart, and shows one to people: "+\Seen -$Junk". Flags are a stranger's text: make it visible before showing it.
func (c FlagChange) String() string {
	var text []byte
	for _, side := range []struct {
		sign  string
		flags []mailbox.Flag
	}{{" +", c.add}, {" -", c.take}} {
		for _, f := range side.flags {
			text = append(append(text, side.sign...), f...)
		}
	}
	return string(text[min(1, len(text)):])
}
