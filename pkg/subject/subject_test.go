package subject_test

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/endpoint/memory"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/subject"
)

func TestDecode(t *testing.T) {
	for field, want := range map[string]string{
		"Subject: hello\r\n\r\n":                              "hello",
		"SUBJECT:no blank\r\n":                                "no blank",
		"Subject: two\r\n lines\r\n\r\n":                      "two lines",
		"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n":            "Grüße",
		"Subject: =?ISO-8859-1?Q?Gr=FC=DFe?= x\r\n":           "Grüße x",
		"Subject: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=\r\n":     "日本",
		"Subject: =?koi8-r?B?8NLJ18XU?=\r\n":                  "Привет",
		"Subject: =?utf-8?q?a?=\r\n =?utf-8?q?b?=\r\n":        "ab",
		"Subject: =?x-unknown?q?a?=\r\n":                      "=?x-unknown?q?a?=",
		"Subject: caf\xe9\r\n":                                "caf\uFFFD",
		"Subject: =?utf-8?b?G1szMW0=?=\r\n":                   "\x1b[31m", // a stranger's text: view makes it visible
		"Subject:\r\n":                                        "",
		"\r\n":                                                "",
		"From: someone: else\r\n":                             "",
		"":                                                    "",
		"Subject: " + strings.Repeat("x", 3000):               strings.Repeat("x", 2000-len("Subject: ")),
		"Subject: =?utf-8?q?" + strings.Repeat("=C3=BC", 300): "=?utf-8?q?" + strings.Repeat("=C3=BC", 300),
	} {
		if got := subject.Decode([]byte(field)); got != want {
			t.Errorf("%.60q is %q, want %q", field, got, want)
		}
	}
}

func TestRead(t *testing.T) {
	a := memory.New(memory.Options{Host: "old", User: "alice"})
	first := a.Deliver("INBOX", []byte("From: a\r\nSubject: one\r\n and more\r\nTo: b\r\n\r\nSubject: not this\r\n"), time.Now())
	second := a.Deliver("INBOX", []byte("From: a\r\n\r\nSubject: body\r\n"), time.Now())
	source := a.Source()
	defer source.Close()
	got, err := subject.Read(t.Context(), source, "INBOX", a.Validity("INBOX"), mailbox.SetOf(first, second, 99))
	if err != nil || len(got) != 1 || got[first] != "one and more" {
		t.Errorf("%v %v", got, err)
	}
	if _, err := subject.Read(t.Context(), source, "INBOX", a.Validity("INBOX")+1, mailbox.SetOf(first)); !isStale(err) {
		t.Errorf("another uidvalidity: %v", err)
	}
	if _, err := subject.Read(t.Context(), source, "Gone", 1, mailbox.SetOf(first)); endpoint.ClassOf(err) != endpoint.NoMailbox {
		t.Errorf("no mailbox: %v", err)
	}
	if n := a.OpenSessions(); n != 0 {
		t.Errorf("%d sessions are still open", n)
	}
}

func isStale(err error) bool {
	_, ok := errors.AsType[*endpoint.StaleError](err)
	return ok
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"Subject: =?utf-8?b?G1szMW0=?=\r\n", "Subject: =?iso-2022-jp?B?GyRCRnxL?= =?utf-16?q?=00?=", "subject:\x00\xff\r\n\t=?gbk?q?=81?=", "Subject: =?utf-8?q?=?=?"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, field []byte) {
		if got := subject.Decode(field); !utf8.ValidString(got) || len(got) > subject.Longest {
			t.Errorf("%q gives %d bytes, valid %v", field, len(got), utf8.ValidString(got))
		}
	})
}
