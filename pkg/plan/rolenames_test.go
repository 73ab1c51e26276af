package plan

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"imapmigrate/pkg/mailbox"
)

// TestRoleNames holds the table to what makes it one: many languages, lower case, one form, one meaning a name.
func TestRoleNames(t *testing.T) {
	if len(languages) < 30 {
		t.Errorf("%d languages", len(languages))
	}
	meaning := map[string]mailbox.Role{}
	seen := map[string]bool{}
	for _, l := range languages {
		if seen[l.language] {
			t.Errorf("%s is there twice", l.language)
		}
		seen[l.language] = true
		for role, names := range map[mailbox.Role]string{mailbox.RoleSent: l.sent, mailbox.RoleDrafts: l.drafts, mailbox.RoleTrash: l.trash, mailbox.RoleJunk: l.junk, mailbox.RoleArchive: l.archive} {
			for _, n := range strings.Split(names, "|") {
				n = strings.TrimPrefix(n, "?")
				if n == "" {
					continue
				}
				if n != strings.ToLower(n) || n != norm.NFC.String(n) || n != strings.TrimSpace(n) {
					t.Errorf("%s: %q is not in the form that is looked for", l.language, n)
				}
				if other, twice := meaning[n]; twice && other != role {
					t.Errorf("%s: %q is %s, and %s in another language", l.language, n, role, other)
				}
				meaning[n] = role
			}
		}
	}
	for name, want := range map[string]mailbox.Role{"Sent": mailbox.RoleSent, "SENT ITEMS": mailbox.RoleSent, "Entwu\u0308rfe": mailbox.RoleDrafts, "Κάδος απορριμμάτων": mailbox.RoleTrash, "İstenmeyen": mailbox.RoleJunk,
		"送信済みアイテム": mailbox.RoleSent, "Черновики": mailbox.RoleDrafts, "Gönderilmiş Öğeler": mailbox.RoleSent, "Archivio": mailbox.RoleArchive, "Sentimental": mailbox.RoleNone, "": mailbox.RoleNone} {
		if got := roleByName(mailbox.Name{name}); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
	if !guessed("Lixo") || guessed("Lixeira") || guessed("whatever") {
		t.Error("the wrong names are guesses")
	}
}
