package wire

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"

	"imapmigrate/pkg/auth"
	"imapmigrate/pkg/endpoint"
)

// written collects a transcript.
type written struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// withoutTimes are the lines without their first word.
func withoutTimes(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		_, line, _ = strings.Cut(line, " ")
		b.WriteString(line)
	}
	return b.String()
}

var transcriptKey = []byte("0123456789abcdef")

func TestTranscript(t *testing.T) {
	w := &written{}
	o := converse(t, `
		S: * OK [CAPABILITY IMAP4rev1 LITERAL+ SASL-IR] secret-word ready
		C: $ LOGIN "alice" "secret-word"
		S: * OK [ALERT] write to bob@example.org, secret-word
		S: $ OK [CAPABILITY IMAP4rev1] in as alice
		C: $ UID FETCH 7 (UID RFC822.SIZE INTERNALDATE FLAGS BODY.PEEK[])
		S: * 1 FETCH (UID 7 FLAGS (\Seen) INTERNALDATE "17-Jul-1996 02:44:25 -0700" RFC822.SIZE 18 ENVELOPE ("x" "a subject") BODY[] {18}
		S~ Subject: private␍␊)␍␊
		S: $ OK done
		C: $ STATUS {6}
		S: + go
		C: Entwü (MESSAGES UNSEEN UIDNEXT UIDVALIDITY)
		S: $ NO no␀ <Bob@Example.org>
		C: $ LIST "" {6}
		S: + go
		C: Entwü
		S: $ OK
	`)
	o.Transcript = NewTranscript(w, transcriptKey)
	s := opened(t, o)
	_, _ = s.FetchTolerant(within(t, time.Minute), 7, discarding)
	_, _ = s.Status(within(t, time.Minute), "Entw\xc3\xbc")
	_ = s.Close()
	got := withoutTimes(w.String())
	bob := (&redactor{key: transcriptKey}).hash("bob@example.org")
	alice := (&redactor{key: transcriptKey}).hash("alice")
	want := `1 - clear text to imap.example:143
1 S: * OK [CAPABILITY IMAP4rev1 LITERAL+ SASL-IR] *** ready
1 C: W1 LOGIN <credentials>
1 S: * OK [ALERT] write to <address ` + bob + `>, ***
1 S: W1 OK [CAPABILITY IMAP4rev1] in as <address ` + alice + `>
1 C: W2 UID FETCH 7 (UID RFC822.SIZE INTERNALDATE FLAGS BODY.PEEK[])
`
	if !strings.HasPrefix(got, want) {
		t.Errorf("got:\n%s\nwant it to begin with:\n%s", got, want)
	}
	for _, line := range []string{`INTERNALDATE "17-Jul-1996 02:44:25 -0700" RFC822.SIZE 18 ENVELOPE (<text `, `BODY[] <literal 18 bytes>)`, "W3 STATUS <literal 6 bytes>", `NO no\x00 <<address ` + bob + `>>`, "1 - the end: "} {
		if !strings.Contains(got, line) {
			t.Errorf("%q is missing in:\n%s", line, got)
		}
	}
	for _, private := range []string{"secret-word", "Subject", "a subject", "Entw", "xample.org", "alice"} {
		if strings.Contains(got, private) {
			t.Errorf("%q is in:\n%s", private, got)
		}
	}
	if o.Transcript.Err() != nil {
		t.Error(o.Transcript.Err())
	}
}

// Connections have numbers, and a transcript that cannot be written stops nothing.
func TestTranscriptOfTwoConnections(t *testing.T) {
	w := &written{}
	transcript := NewTranscript(w, transcriptKey)
	for range 2 {
		o := converse(t, loggedIn(""))
		o.Transcript = transcript
		_ = opened(t, o).Close()
	}
	if got := w.String(); !strings.Contains(got, " 1 C: W1 CAPABILITY\n") || !strings.Contains(got, " 2 C: W1 CAPABILITY\n") {
		t.Error(got)
	}
	o := converse(t, loggedIn(""))
	o.Transcript = NewTranscript(broken{}, transcriptKey)
	if err := opened(t, o).Close(); err != nil || o.Transcript.Err() != errBroken {
		t.Error(err, o.Transcript.Err())
	}
}

var errBroken = errors.New("the disk is full")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }

// A connection that ends brings its last lines with the error, transcript or not.
func TestLastLinesComeWithTheError(t *testing.T) {
	s := opened(t, converse(t, loggedIn(""), "C: $ NOOP\nS: * OK secret-word c2VjcmV0LXdvcmQ= alice@old.example\nS~ * 1 FETCH (FLAGS (\nS."))
	err := s.Guard(within(t, time.Minute), op, noop)
	e, ok := errors.AsType[*endpoint.Error](err)
	if !ok || len(e.Last) < 6 {
		t.Fatalf("%v, %q", err, e.Last)
	}
	text := strings.Join(e.Last, "\n")
	for _, want := range []string{"C: W2 LOGIN <credentials>", "C: T1 NOOP", "S: * OK *** *** <address ", "S: * 1 FETCH (FLAGS (...", "- the end: the server closed the connection"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "secret-word") || strings.Contains(text, "c2VjcmV0LXdvcmQ") || strings.Contains(text, "old.example") || strings.Contains(err.Error(), "FLAGS") {
		t.Errorf("%v\n%s", err, text)
	}
}

// A server that speaks before the transcript has begun loses no word.
func TestTranscriptHasTheFirstWord(t *testing.T) {
	w := &written{}
	var r record
	r.add('S', []byte("* OK early"), false)
	r.add('S', []byte("* OK bird"), false)
	r.begin(NewTranscript(w, transcriptKey), "here")
	r.know()
	if got := withoutTimes(w.String()); got != "1 - here\n1 S: * OK early\n1 S: * OK bird\n" {
		t.Errorf("%q", got)
	}
}

func TestLastLinesAreFew(t *testing.T) {
	var r record
	for i := range 1000 {
		r.add('S', fmt.Appendf(nil, "* %d EXISTS", i), false)
	}
	if lines := r.lines(); len(lines) != lastLines || !strings.HasSuffix(lines[lastLines-1], "* 999 EXISTS") || len(r.held) != 0 {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
	r = record{transcript: NewTranscript(&written{}, transcriptKey)}
	for range 1000 {
		r.add('S', []byte("* OK"), false)
	}
	if len(r.held) != mostHeld || r.dropped != 1000-mostHeld {
		t.Errorf("%d held, %d dropped", len(r.held), r.dropped)
	}
}

// hides reports every form in which secret is in text.
func hides(t *testing.T, text, secret string) {
	t.Helper()
	forms := []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawStdEncoding.EncodeToString([]byte(secret)), base64.URLEncoding.EncodeToString([]byte(secret))}
	for _, form := range forms {
		if strings.Contains(text, form) {
			t.Errorf("%q is in:\n%s", form, text)
		}
	}
	for _, around := range []string{"", "x", "xy"} {
		long := base64.RawStdEncoding.EncodeToString([]byte(around + secret + "zzz"))
		if middle := long[4 : len(long)-4]; len(secret) > 12 && strings.Contains(text, middle) {
			t.Errorf("a part of base64, %q, is in:\n%s", middle, text)
		}
	}
}

// places are where a server or a client could put a secret; $S stands for it, $B for its base64, $Q for a quoted string of it.
var places = []string{
	"S: * OK $S", "S: * OK [ALERT] a$Sb", "S: * BYE $B", "S: * NO [X $S] x", "S: * LIST (\\$S) \"/\" $Q", "S: * LIST () \"/\" $S", "S: * STATUS $S (MESSAGES 3)", "S: * STATUS $Q (MESSAGES 3)", "S: * CAPABILITY IMAP4rev1 $S AUTH=$B",
	"S: * ID (\"name\" $Q)", "S: * 1 FETCH (UID 1 FLAGS ($S))", "S: * 1 FETCH (UID 1 ENVELOPE ($Q \"$B\" NIL))", "S: * 1 FETCH (BODY[$S] NIL)", "S: * 1 FETCH (BODY[$S", "S: * $S EXISTS", "S: + $B", "S: + $S", "S: $S OK", "S: * FLAGS ($S",
	"S: * X {$S}", "S: * OK $S$S$S", "S: * OK user$B", "S: * X \"\\$S\"", "S: * OK x@$S", "S: * OK $S@example.org", "S: * OK <$S@$S>", "S: * QUOTAROOT $S", "S: * NAMESPACE (($Q \"/\")) NIL NIL", "S: $P$S",
}

// dialogue puts secret into some of the places, after a proper beginning or without one.
func dialogue(random *rand.Rand, secret string) string {
	quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(secret) + `"`
	fill := strings.NewReplacer("$S", secret, "$B", base64.StdEncoding.EncodeToString([]byte(secret)), "$Q", quoted, "$P", strings.Repeat("p", 900+random.IntN(200)))
	var b strings.Builder
	for range 1 + random.IntN(6) {
		_, text, _ := strings.Cut(places[random.IntN(len(places))], " ")
		b.WriteString(fill.Replace(text))
		b.WriteString("\r\n")
	}
	return b.String()
}

// redacted is the transcript of a whole login with this secret, among what else the server says.
func redacted(t *testing.T, secret, greeting, during, after string, login auth.Login) string {
	w := &written{}
	c := newConn(nowhere{}, nowhere{}, 0, false)
	<-c.done
	c.ending = nil
	c.transcribe(NewTranscript(w, transcriptKey), "test")
	arrives := func(text string) { _, _ = c.traffic.arrived([]byte(text)) }
	arrives(greeting)
	x := credentials{exchange: &Exchange{conn: c}}
	c.knowUser(login.User)
	x.hide(secret)
	if login.Client == nil {
		_ = c.traffic.leaving(fmt.Appendf(nil, "W1 LOGIN \"u\" %q\r\n", secret))
		arrives(during)
	} else {
		_, first, _ := login.Client.Start()
		_ = c.traffic.leaving([]byte("W1 AUTHENTICATE X " + x.initial(first) + "\r\n"))
		arrives("+ " + base64.StdEncoding.EncodeToString([]byte(secret)) + "\r\n" + during)
		c.reply()
	}
	arrives("W1 OK done\r\n" + after)
	_ = c.traffic.leaving([]byte("W2 STATUS {" + fmt.Sprint(len(secret)) + "+}\r\n" + secret + " (MESSAGES)\r\nW3 LIST \"\" \"*\"\r\n"))
	arrives(after)
	_ = c.end(errServerClosed)
	last := strings.Join(c.lastLines(), "\n")
	if lines := strings.Count(w.String(), "\n"); lines < 4 {
		t.Fatalf("%d lines:\n%s", lines, w)
	}
	return w.String() + last
}

type nowhere struct{ lent }

func (nowhere) Read([]byte) (int, error)         { return 0, errClosed }
func (nowhere) Write(p []byte) (int, error)      { return len(p), nil }
func (nowhere) Close() error                     { return nil }
func (nowhere) SetWriteDeadline(time.Time) error { return nil }

// FuzzRedaction plants a secret everywhere in random dialogues: neither it nor its base64 comes out.
func FuzzRedaction(f *testing.F) {
	for i, secret := range []string{"hunter2!", "secret-word", `a"b\c d`, "pässwörd", "AAAAAAAA", "literal", "****", "x00\\x00\\x", "user@example.org", "a***b***", "{123}", "\\\\\\\\", "base64==", "W1 OK", "address "} {
		f.Add(uint64(i), secret, "")
	}
	f.Add(uint64(1), "token.with-dots_and~more/1234567890", "* OK token.with-dots_and~more/12345")
	f.Fuzz(func(t *testing.T, seed uint64, secret, noise string) {
		if len(secret) < shortestSecret || len(secret) > 400 || strings.ContainsAny(secret, "\r\n\x00") || partOfTheForm(secret) {
			return
		}
		random := rand.New(rand.NewPCG(seed, 1))
		login := auth.Login{User: "alice@old.example"}
		if seed%2 == 0 {
			login.Client = sasl.NewPlainClient("", "alice@old.example", secret)
		}
		greeting := "* OK hi\r\n" + dialogue(random, secret) + strings.ReplaceAll(noise, "\n", "\r\n") + "\r\n"
		hides(t, body(redacted(t, secret, greeting, dialogue(random, secret), dialogue(random, secret), login)), secret)
	})
}

// partOfTheForm finds secrets that are nothing but marks of the transcript itself.
func partOfTheForm(secret string) bool {
	return strings.Trim(secret, "*") == ""
}

// body is a transcript without times, numbers and directions, which no secret can hide.
func body(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if parts := strings.SplitN(line, " ", 4); len(parts) == 4 {
			b.WriteString(parts[3])
		}
	}
	return b.String()
}

func discarding(int64) (io.Writer, error) { return io.Discard, nil }

// TestRedactionOfRandomSecrets is the fuzz target's work for plain `go test`: secrets of awkward letters in all places.
func TestRedactionOfRandomSecrets(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	const letters = `aB1"\{}*+/=<>@. (ä)%:x0`
	rounds := 500
	if testing.Short() {
		rounds = 50
	}
	for seed := range uint64(rounds) {
		var b strings.Builder
		for range shortestSecret + random.IntN(20) {
			b.WriteByte(letters[random.IntN(len(letters))])
		}
		secret := b.String()
		login := auth.Login{User: "alice@old.example"}
		if seed%2 == 0 {
			login.Client = sasl.NewPlainClient("", "alice@old.example", secret)
		}
		if partOfTheForm(secret) {
			continue
		}
		hides(t, body(redacted(t, secret, "* OK hi\r\n"+dialogue(random, secret), dialogue(random, secret), dialogue(random, secret), login)), secret)
		if t.Failed() {
			t.Fatalf("seed %d, secret %q", seed, secret)
		}
	}
}
