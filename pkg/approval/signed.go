package approval

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Namespace is what signatures are made for, so that none given for another purpose counts (`ssh-keygen -Y sign -n imapmigrate`).
const Namespace = "imapmigrate"

// Approvers are those whose signatures a removal needs. The zero value needs none: a typed phrase is enough.
type Approvers struct {
	Needed int      `yaml:"needed"` // how many different ones have to sign
	Keys   []string `yaml:"keys"`   // fingerprints of their SSH keys, SHA256:..., sorted
}

// Wanted reports whether signatures are needed at all.
func (a Approvers) Wanted() bool { return a.Needed > 0 || len(a.Keys) > 0 }

// String is for people.
func (a Approvers) String() string {
	if !a.Wanted() {
		return "no signature needed"
	}
	return fmt.Sprintf("%d of %s", a.Needed, strings.Join(a.Keys, ", "))
}

func (a Approvers) same(o Approvers) bool {
	return a.Needed == o.Needed && slices.Equal(a.Keys, o.Keys)
}

// Policy is what the configuration says of approvals, and how a signature is looked at.
type Policy struct {
	Approvers Approvers
	// Verify gives the fingerprint of the key that signed statement in Namespace, or why signature is not such a signature. It may be nil
	// when no signatures are wanted.
	Verify func(statement []byte, signature string) (fingerprint string, err error)
}

// Signer can sign for one key.
type Signer interface {
	// Fingerprint of the key, SHA256:...
	Fingerprint() string
	// Sign gives the armored signature of statement in Namespace.
	Sign(statement []byte) (string, error)
}

// statement is the text that a yes signs: everything that it says, and what it is said of.
func statement(s Subject, y Yes) string {
	var b strings.Builder
	fmt.Fprintf(&b, "imapmigrate approval %d\n", Format)
	fmt.Fprintf(&b, "%s\n", s.Phrase())
	fmt.Fprintf(&b, "checkpoint sha256 %s\n", s.Sum)
	fmt.Fprintf(&b, "by %+q user %+q host %+q\n", y.By.Name, y.By.User, y.By.Host)
	fmt.Fprintf(&b, "at %s\n", y.At.UTC().Format(time.RFC3339))
	fmt.Fprintf(&b, "note %+q\n", y.Note)
	return b.String()
}

// Sign signs the yes that Give has just recorded. A key that is not among the approvers is a *NotApprovedError, and signs nothing.
func (a *Approval) Sign(s Subject, with Signer) error {
	key := with.Fingerprint()
	if !slices.Contains(s.Approvers.Keys, key) {
		return &NotApprovedError{s, fmt.Sprintf("the key %s is not one of the approvers", key)}
	}
	y := &a.Given[len(a.Given)-1]
	text := statement(s, *y)
	signature, err := with.Sign([]byte(text))
	if err != nil {
		return err
	}
	y.Key, y.Statement, y.Signature = key, text, signature
	return nil
}

// Signed counts the different approvers whose keys stand beside a yes. It looks at no signature: that is Check's.
func (a *Approval) Signed(s Subject) int {
	keys := map[string]bool{}
	for _, y := range a.Given {
		if y.Signature != "" && slices.Contains(s.Approvers.Keys, y.Key) {
			keys[y.Key] = true
		}
	}
	return len(keys)
}

// enough reports whether all who have to say yes have done so, and still do.
func (p Policy) enough(a *Approval, s Subject, now time.Time) error {
	needed := max(1, s.Approvers.Needed)
	said := map[string]bool{}
	var first error
	for _, y := range a.Given {
		key, err := p.heard(y, s, now)
		if err == nil {
			said[key] = true
		} else if first == nil {
			first = err
		}
	}
	switch {
	case len(said) >= needed:
		return nil
	case len(said) == 0 && first != nil:
		return first
	}
	return &NotApprovedError{s, fmt.Sprintf("%d of %d approvers have signed", len(said), needed)}
}

// heard gives whose yes this is: a fingerprint, or nothing where no signature is wanted.
func (p Policy) heard(y Yes, s Subject, now time.Time) (key string, err error) {
	if err := y.holds(s, now); err != nil || !s.Approvers.Wanted() {
		return "", err
	}
	if y.Signature == "" {
		return "", &NotApprovedError{s, fmt.Sprintf("the yes of %s is not signed", y.By)}
	}
	if y.Statement != statement(s, y) {
		return "", &VoidError{s.Account, fmt.Sprintf("the yes of %s does not say what was signed", y.By)}
	}
	key, err = p.Verify([]byte(y.Statement), y.Signature)
	switch {
	case err != nil:
		return "", &VoidError{s.Account, fmt.Sprintf("the signature beside the yes of %s is not good: %v", y.By, err)}
	case !slices.Contains(s.Approvers.Keys, key):
		return "", &NotApprovedError{s, fmt.Sprintf("the key %s, which signed, is not one of the approvers", key)}
	}
	return key, nil
}
