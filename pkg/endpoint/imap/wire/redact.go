package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// redactor makes one line of a dialogue fit to be shown to others: without what was used to log in, without content, without people. What
// commands and answers say of themselves (names of mailboxes, flags, numbers, a server's words) stays.
type redactor struct {
	key     []byte   // of the hashes that stand for people; random, so that nobody can try addresses out
	secrets []string // every form that they could come in, longest first
	user    string
}

// covered stands for a secret.
const covered = "***"

// hide adds a secret with all its forms: as it is, within a quoted string, in base64 (also as part of something longer), and in hex.
func (r *redactor) hide(secret string) {
	if len(secret) < shortestSecret {
		return
	}
	forms := []string{secret, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(secret), visible(secret), hex.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.URLEncoding.EncodeToString([]byte(secret))}
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			forms = append(forms, inBase64(encoding, secret, before))
		}
	}
	for _, form := range forms {
		if len(form) >= shortestSecret && !slices.Contains(r.secrets, form) {
			r.secrets = append(r.secrets, form)
		}
	}
	slices.SortStableFunc(r.secrets, func(a, b string) int { return len(b) - len(a) })
}

// inBase64 is what stays the same of a secret's base64 with so many bytes before it, whatever they and those behind are.
func inBase64(encoding *base64.Encoding, secret string, before int) string {
	text := encoding.EncodeToString(append(make([]byte, before), secret...))
	start := []int{0, 2, 3}[before]
	end := len(text)
	if (before+len(secret))%3 != 0 {
		end-- // the last one holds bits of what comes behind
	}
	return text[min(start, end):end]
}

// withoutHalf is text without the beginning of a secret at its end.
func (r *redactor) withoutHalf(text string) string {
	most := 0
	for _, secret := range r.secrets {
		for n := min(len(secret)-1, len(text)); n > most; n-- {
			if strings.HasSuffix(text, secret[:n]) {
				most = n
			}
		}
	}
	return text[:len(text)-most]
}

var (
	announced   = regexp.MustCompile(`~?\{(\d{1,20})\+?\}\r`)
	quotedText  = regexp.MustCompile(`"(?:[^"\\]|\\.)*(?:"|$)`)
	address     = regexp.MustCompile(`[^\s"<>()\[\]{}\\,;:=*%]+@[^\s"<>()\[\]{}\\,;:=*%]+`)
	dateText    = regexp.MustCompile(`^"[ 0-9]\d-[A-Za-z]{3}-\d{4} \d\d:\d\d:\d\d [+-]\d{4}"$`)
	fetchLine   = regexp.MustCompile(`(?i)^\S+ \d+ FETCH \(`)
	searchLine  = regexp.MustCompile(`(?i)^\S+ (UID )?(SEARCH|SORT|THREAD) `)
	mostRedoing = 8
)

// longestShown is the most that is shown of one line.
const longestShown = 1000

// line redacts one line; cut says that its end is missing, and with it perhaps half a secret.
func (r *redactor) line(raw string, cut bool) string {
	if cut {
		raw = r.withoutHalf(raw)
	}
	text := r.cover(raw)
	text = announced.ReplaceAllString(text, "<literal $1 bytes>")
	if fetchLine.MatchString(text) || searchLine.MatchString(text) {
		text = quotedText.ReplaceAllStringFunc(text, func(s string) string {
			if dateText.MatchString(s) {
				return s
			}
			return "<text " + r.hash(s) + ">"
		})
	}
	text = r.people(text)
	text = visible(text)
	if cut = cut || len(text) > longestShown; cut {
		text = text[:min(len(text), longestShown)] + "..."
	}
	return r.cover(text)
}

// people replaces the user and all addresses by hashes that are the same for the same one throughout a transcript.
func (r *redactor) people(text string) string {
	text = address.ReplaceAllStringFunc(text, func(s string) string { return "<address " + r.hash(strings.ToLower(s)) + ">" })
	if len(r.user) >= shortestSecret && !strings.EqualFold(r.user, "inbox") {
		text = strings.ReplaceAll(text, r.user, "<address "+r.hash(strings.ToLower(r.user))+">")
	}
	return text
}

func (r *redactor) hash(text string) string {
	h := hmac.New(sha256.New, r.key)
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil)[:4])
}

// cover replaces secrets until none is left: what stands around one may be the halves of another.
func (r *redactor) cover(text string) string {
	for range mostRedoing {
		before := text
		for _, secret := range r.secrets {
			text = strings.ReplaceAll(text, secret, covered)
		}
		if text == before {
			return text
		}
	}
	return covered
}

// visible writes everything but printable ASCII as \xNN.
func visible(text string) string {
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; c >= 0x20 && c < 0x7f {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	return b.String()
}
