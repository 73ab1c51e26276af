package message

import "strings"

// Mailbox is a name that something has stumbled over, without any namespace prefix. A test makes only the mailbox itself: where its
// parents come from is the server's affair.
type Mailbox struct {
	Name    []string // the parts, outermost first, decoded
	Awkward string
}

// Mailboxes are awkward names, no two of them equal. Some hold "/" or "." in a part and cannot exist on a server with that delimiter.
func Mailboxes() []Mailbox {
	return []Mailbox{
		{[]string{"Old Invoices 2009"}, "spaces"},
		{[]string{"trailing space "}, "a space at the end"},
		{[]string{`The "best" of`}, "double quotes"},
		{[]string{`back\slash`}, "a backslash"},
		{[]string{"100%"}, "a wildcard of LIST"},
		{[]string{"a*b"}, "the other wildcard of LIST"},
		{[]string{"R&D"}, "the shift character of modified UTF-7"},
		{[]string{"&"}, "nothing but the shift character"},
		{[]string{"&AOQ-"}, "reads like modified UTF-7 and is not"},
		{[]string{"AC/DC"}, "the delimiter of many servers inside a part"},
		{[]string{"v1.2"}, "the delimiter of many others inside a part"},
		{[]string{"AC_DC"}, "what AC/DC becomes where / is replaced"},
		{[]string{"(parentheses) {5}"}, "list and literal syntax"},
		{[]string{"[Gmail]", "All Mail"}, "brackets, as Gmail has them"},
		{[]string{"~home"}, "a tilde"},
		{[]string{"#news"}, "a namespace marker of old"},
		{[]string{"-- x;y"}, "dashes and a semicolon"},
		{[]string{"NIL"}, "the word that means nothing"},
		{[]string{"Entw\u00fcrfe"}, "an umlaut, composed"},
		{[]string{"Entwu\u0308rfe"}, "the same umlaut, decomposed: looks equal, is another name"},
		{[]string{"\u65e5\u672c\u8a9e", "\u53d7\u4fe1\u7bb1"}, "Japanese, on two levels"},
		{[]string{"\u0623\u0631\u0634\u064a\u0641"}, "right to left"},
		{[]string{"Party \U0001F389"}, "outside the BMP"},
		{[]string{"\U0001F469\u200D\U0001F4BB"}, "an emoji of several characters with a joiner"},
		{[]string{"Straße", "Übung & Söhne"}, "umlauts and the shift character together"},
		{[]string{"CASE"}, "differs from the next in case only"},
		{[]string{"case"}, "differs from the last in case only"},
		{[]string{strings.Repeat("long name ", 19) + "200 bytes."}, "200 bytes long"},
		{deep(), "12 levels deep"},
		{[]string{"Sent", "inbox"}, "a part called inbox that is not the INBOX"},
		{[]string{"INBOX", "Child"}, "below INBOX"},
		{[]string{"Projects", "2019", "Alpha"}, "its parents are no mailboxes of their own"},
	}
}

func deep() []string {
	n := make([]string, 12)
	for i := range n {
		n[i] = "level " + string(rune('a'+i))
	}
	return n
}
