package wire

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"imapmigrate/pkg/endpoint"
)

// Kind is what an operation is about. It decides the class of a refusal whose code does not tell.
type Kind int

// The kinds.
const (
	Other   Kind = iota // nothing in particular
	Login               // the login
	Mailbox             // one mailbox: open it, make it, ask its status
	Message             // one message for one mailbox: APPEND
)

// Op is an operation as errors name it.
type Op struct {
	Kind  Kind
	Words string // "open mailbox \"Sent\""
}

// Classify turns a server's refusal into an error. kind is NO, BAD or BYE; code is compared without regard to case (RFC 5530, and what
// servers say beyond it); text is looked at only for what has no code: throttling, mostly.
func Classify(op Op, account, kind, code, text string) *endpoint.Error {
	e := &endpoint.Error{Account: account, Op: op.Words, Code: strings.ToUpper(code), Text: text}
	e.Class = classOf(op.Kind, strings.ToUpper(kind), e.Code, text)
	if e.Class == endpoint.Throttled {
		e.Wait = backoffIn(text)
	}
	e.Hint = hintFor(e.Class, e.Code)
	if e.Text == "" && e.Code == "" {
		e.Text = strings.ToUpper(kind) // all that the server said
	}
	return e
}

func classOf(kind Kind, status, code, text string) endpoint.Class {
	byCode, known := classByCode(kind, code)
	switch {
	case known && certain(code):
		return byCode
	case throttleWords.MatchString(cut(text, longestWords)):
		return endpoint.Throttled
	case known:
		return byCode
	case status == "BYE":
		return endpoint.Lost
	case passingWords.MatchString(cut(text, longestWords)):
		return endpoint.Temporary
	}
	switch kind {
	case Login:
		return endpoint.LoginRefused
	case Mailbox:
		return endpoint.BadMailbox
	case Message:
		return endpoint.BadMessage
	}
	return endpoint.Unclassified
}

// certain reports whether a code says all. The others come with throttling too, and the words tell.
func certain(code string) bool {
	switch code {
	case "LIMIT", "UNAVAILABLE", "INUSE", "SERVERBUG", "CANNOT", "NOPERM":
		return false
	}
	return true
}

// classByCode knows the response codes. LIMIT and CANNOT, said of a message, are about the message: Dovecot says LIMIT of one that is too
// long and CANNOT of a keyword it does not like.
func classByCode(kind Kind, code string) (endpoint.Class, bool) {
	switch code {
	case "OVERQUOTA":
		return endpoint.OverQuota, true
	case "TOOBIG", "UNKNOWN-CTE":
		return endpoint.BadMessage, true
	case "TRYCREATE", "NONEXISTENT":
		return endpoint.NoMailbox, true
	case "LIMIT":
		if kind == Message {
			return endpoint.BadMessage, true
		}
		return endpoint.Throttled, true
	case "CANNOT":
		if kind == Message {
			return endpoint.BadMessage, true
		}
		return endpoint.BadMailbox, true
	case "NOPERM", "ALREADYEXISTS", "HASCHILDREN", "USEATTR", "CORRUPTION":
		if kind != Login {
			return endpoint.BadMailbox, true
		}
	case "UNAVAILABLE", "INUSE", "SERVERBUG", "EXPUNGEISSUED":
		return endpoint.Temporary, true
	case "THROTTLED", "OVERLOADED", "TOOMANY":
		return endpoint.Throttled, true
	case "AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED", "PRIVACYREQUIRED", "WEBALERT":
		return endpoint.LoginRefused, true
	}
	return endpoint.Unclassified, false
}

// What servers say without a code. "Try again" alone is no promise: wrong passwords are answered so.
var (
	throttleWords = regexp.MustCompile(`(?i)throttl|backoff time|rate limit|connection limit|slow down|` +
		`too many (simultaneous |concurrent |open |active )?(imap )?(connections|logins|login attempts|sessions|requests|commands)|` +
		`(maximum|max\.?) (number of )?(simultaneous |concurrent )?connections|` +
		`exceeded (your |the )?(account |imap )?(command|bandwidth|rate|connection)`)
	// Exchange says the last of these when the mailbox's store is away.
	passingWords = regexp.MustCompile(`(?i)temporar|try (again )?later|server (is )?(unavailable|busy)|authenticated but not connected`)
	backoffWords = regexp.MustCompile(`(?i)backoff time:?\s*(\d{1,12})\s*(milliseconds|ms|seconds|s)\b`)
)

// longestWords are looked through; Exchange repeats what was asked for behind its own words.
const longestWords = 500

// longestWait is the most that a server's own number is believed.
const longestWait = time.Hour

// backoffIn is the time to wait that Exchange names: "Suggested Backoff Time: 299609 milliseconds".
func backoffIn(text string) time.Duration {
	m := backoffWords.FindStringSubmatch(cut(text, longestWords))
	if m == nil {
		return 0
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return 0
	}
	unit := time.Second
	if strings.HasPrefix(strings.ToLower(m[2]), "m") {
		unit = time.Millisecond
	}
	return min(time.Duration(min(n, int64(longestWait/time.Millisecond)))*unit, longestWait)
}

func hintFor(class endpoint.Class, code string) string {
	switch class {
	case endpoint.OverQuota:
		return "make room in the account or raise its quota, then run again"
	case endpoint.Throttled:
		return "wait, or use fewer connections"
	case endpoint.LoginRefused:
		switch code {
		case "PRIVACYREQUIRED":
			return "the server wants TLS: set security to tls or starttls"
		case "EXPIRED":
			return "the password or token has expired: get a new one"
		}
		return "check user, password and mechanism; some providers want an app password or a token"
	}
	return ""
}
