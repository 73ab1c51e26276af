package approval_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/approval"
)

// seal is a signature that anybody can read and nobody can forge by accident: the key, and the text that was signed.
type seal string

func (s seal) Fingerprint() string { return string(s) }

func (s seal) Sign(statement []byte) (string, error) {
	return string(s) + " signed " + string(statement), nil
}

func verify(statement []byte, signature string) (string, error) {
	key, text, found := strings.Cut(signature, " signed ")
	if !found || text != string(statement) {
		return "", errors.New("it is not a signature of this text")
	}
	return key, nil
}

const keyA, keyB, keyC = seal("SHA256:a"), seal("SHA256:b"), seal("SHA256:c")

func wanting(needed int, keys ...string) (approval.Subject, approval.Policy) {
	s := subject
	s.Approvers = approval.Approvers{Needed: needed, Keys: keys}
	return s, approval.Policy{Approvers: s.Approvers, Verify: verify}
}

func sign(t *testing.T, s approval.Subject, at time.Time, keys ...seal) *approval.Approval {
	t.Helper()
	var all *approval.Approval
	for _, key := range keys {
		a, err := approval.Give(s, s.Phrase(), approval.Person{Name: string(key), User: "u", Host: "h"}, "note", at)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Sign(s, key); err != nil {
			t.Fatal(err)
		}
		a.Join(all)
		all = a
	}
	return all
}

// TestSignatures is who has to sign, and what becomes of a yes that was changed behind its signature.
func TestSignatures(t *testing.T) {
	first := func(f func(*approval.Yes)) func(*approval.Approval) {
		return func(a *approval.Approval) { f(&a.Given[0]) }
	}
	for name, c := range map[string]struct {
		needed int
		signed []seal
		edit   func(*approval.Approval)
		policy func(*approval.Policy)
		now    time.Time
		want   string
	}{
		"one":                     {needed: 1, signed: []seal{keyA}},
		"the other one":           {needed: 1, signed: []seal{keyB}},
		"two":                     {needed: 2, signed: []seal{keyA, keyB}},
		"one of two":              {needed: 2, signed: []seal{keyA}, want: "not approved"},
		"the same one twice":      {needed: 2, signed: []seal{keyA}, edit: func(a *approval.Approval) { a.Given = append(a.Given, a.Given[0]) }, want: "not approved"},
		"unsigned":                {needed: 1, signed: []seal{keyA}, edit: first(func(y *approval.Yes) { y.Signature, y.Statement, y.Key = "", "", "" }), want: "not approved"},
		"one of two is unsigned":  {needed: 2, signed: []seal{keyA, keyB}, edit: first(func(y *approval.Yes) { y.Signature = "" }), want: "not approved"},
		"signature of a stranger": {needed: 1, signed: []seal{keyA}, edit: first(func(y *approval.Yes) { y.Signature = "SHA256:c signed " + y.Statement }), want: "not approved"},
		"name of a stranger's key does not matter": {needed: 1, signed: []seal{keyA}, edit: first(func(y *approval.Yes) { y.Key = "SHA256:c" })},
		"approver's name on a stranger's":          {needed: 1, signed: []seal{keyA}, edit: first(func(y *approval.Yes) { y.Signature, y.Key = "SHA256:c signed "+y.Statement, "SHA256:a" }), want: "not approved"},
		"statement changed":                        {needed: 1, signed: []seal{keyA}, edit: first(func(y *approval.Yes) { y.Statement += "x" }), want: "void"},
		"note changed":                             {needed: 1, signed: []seal{keyA}, edit: first(func(y *approval.Yes) { y.Note = "x" }), want: "void"},
		"person changed":                           {needed: 1, signed: []seal{keyA}, edit: first(func(y *approval.Yes) { y.By.User = "x" }), want: "void"},
		"time changed":                             {needed: 1, signed: []seal{keyA}, edit: first(func(y *approval.Yes) { y.At = y.At.Add(time.Hour) }), want: "void"},
		"signature of another":                     {needed: 1, signed: []seal{keyA}, edit: first(func(y *approval.Yes) { y.Signature = "SHA256:a signed something else" }), want: "void"},
		"expired":                                  {needed: 1, signed: []seal{keyA}, now: noon.Add(approval.ValidFor), want: "void"},
		"holds to the end":                         {needed: 1, signed: []seal{keyA}, now: noon.Add(approval.ValidFor - time.Second)},
		"other approvers since":                    {needed: 1, signed: []seal{keyA}, policy: func(p *approval.Policy) { p.Approvers.Keys = []string{"SHA256:a", "SHA256:c"} }, want: "void"},
		"fewer needed since":                       {needed: 2, signed: []seal{keyA, keyB}, policy: func(p *approval.Policy) { p.Approvers.Needed = 1 }, want: "void"},
		"no approvers since":                       {needed: 1, signed: []seal{keyA}, policy: func(p *approval.Policy) { p.Approvers = approval.Approvers{} }, want: "void"},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := wanting(c.needed, "SHA256:a", "SHA256:b")
			a := sign(t, s, noon, c.signed...)
			if c.edit != nil {
				c.edit(a)
			}
			if c.policy != nil {
				c.policy(&p)
			}
			if c.now.IsZero() {
				c.now = noon.Add(2 * time.Hour)
			}
			err := approval.Check(a, s, p, c.now)
			_, not := errors.AsType[*approval.NotApprovedError](err)
			_, void := errors.AsType[*approval.VoidError](err)
			if (err == nil) != (c.want == "") || not != (c.want == "not approved") || void != (c.want == "void") {
				t.Errorf("want %q, have %v", c.want, err)
			}
		})
	}
}

// TestOneExpiredOfTwo: each yes ends by itself, and a new one of the same person takes its place.
func TestOneExpiredOfTwo(t *testing.T) {
	s, p := wanting(2, "SHA256:a", "SHA256:b")
	a := sign(t, s, noon, keyA)
	later := sign(t, s, noon.Add(5*24*time.Hour), keyB)
	later.Join(a)
	now := noon.Add(8 * 24 * time.Hour)
	if err := approval.Check(later, s, p, now); err == nil {
		t.Error("a yes that has ended counts")
	}
	again := sign(t, s, now, keyA)
	again.Join(later)
	if err := approval.Check(again, s, p, now); err != nil || len(again.Given) != 2 || again.Signed(s) != 2 {
		t.Errorf("%v: %+v", err, again.Given)
	}
	if !again.Expires().Equal(noon.Add(12 * 24 * time.Hour)) {
		t.Errorf("it ends at %s", again.Expires())
	}
}

// TestSignRefusesStrangers and leaves no trace of them.
func TestSignRefusesStrangers(t *testing.T) {
	s, _ := wanting(1, "SHA256:a")
	a, err := approval.Give(s, s.Phrase(), alice, "", noon)
	if err != nil {
		t.Fatal(err)
	}
	err = a.Sign(s, keyC)
	if _, ok := errors.AsType[*approval.NotApprovedError](err); !ok || a.Given[0].Signature != "" {
		t.Errorf("%v: %+v", err, a.Given[0])
	}
}

// TestJoinKeepsOnlyWhatBelongs: a yes to another checkpoint, or to another kind of removal, is not carried over.
func TestJoinKeepsOnlyWhatBelongs(t *testing.T) {
	s, _ := wanting(2, "SHA256:a", "SHA256:b")
	for name, edit := range map[string]func(*approval.Approval){
		"another checkpoint": func(a *approval.Approval) { a.Checkpoint = strings.Repeat("cd", 32) },
		"another kind":       func(a *approval.Approval) { a.Kind = approval.Rollback },
	} {
		earlier := sign(t, s, noon, keyA)
		edit(earlier)
		a := sign(t, s, noon, keyB)
		a.Join(earlier)
		if len(a.Given) != 1 || a.Given[0].Key != "SHA256:b" {
			t.Errorf("%s: %+v", name, a.Given)
		}
	}
}

// TestStatementCannotBeMisread: no text in a yes can look like another line of what is signed.
func TestStatementCannotBeMisread(t *testing.T) {
	s, _ := wanting(1, "SHA256:a")
	a, err := approval.Give(s, s.Phrase(), approval.Person{Name: "x\"\ncheckpoint sha256 00", User: "u\u202e", Host: "h"}, "a\nat 2030-01-01T00:00:00Z", noon)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Sign(s, keyA); err != nil {
		t.Fatal(err)
	}
	text := a.Given[0].Statement
	if strings.Count(text, "\n") != 6 || strings.ContainsFunc(text, func(r rune) bool { return r > 0x7e || r < ' ' && r != '\n' }) {
		t.Errorf("%q", text)
	}
}
