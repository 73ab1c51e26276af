package mailbox

import "strings"

// Role is what a mailbox is for: a special use of RFC 6154 or RFC 8457 in canonical case, RoleInbox, or RoleNone.
type Role string

// The roles, spelled as the servers' attributes are.
const (
	RoleNone      Role = ""
	RoleInbox     Role = `\Inbox`
	RoleAll       Role = `\All`
	RoleArchive   Role = `\Archive`
	RoleDrafts    Role = `\Drafts`
	RoleFlagged   Role = `\Flagged`
	RoleImportant Role = `\Important`
	RoleJunk      Role = `\Junk`
	RoleSent      Role = `\Sent`
	RoleTrash     Role = `\Trash`
)

var roleByAttribute = map[string]Role{
	`\all`: RoleAll, `\archive`: RoleArchive, `\drafts`: RoleDrafts, `\flagged`: RoleFlagged, `\important`: RoleImportant,
	`\junk`: RoleJunk, `\sent`: RoleSent, `\trash`: RoleTrash,
	// XLIST, the fore-runner of RFC 6154, had names of its own for these.
	`\inbox`: RoleInbox, `\allmail`: RoleAll, `\spam`: RoleJunk, `\starred`: RoleFlagged,
}

// RoleOf is the role that a LIST attribute stands for, RoleNone for any other attribute. Servers differ in case (Cyrus says \sent).
func RoleOf(attribute string) Role { return roleByAttribute[strings.ToLower(attribute)] }
