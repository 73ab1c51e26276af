package wire

import (
	"strings"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
)

// A server that never comes to an answer is given up, also when each of its responses is a proper one. The bounds are made small here:
// the real ones take seconds.
func TestResponsesWithoutAnAnswerAreCounted(t *testing.T) {
	for name, line := range map[string]string{
		"untagged": "S: * 1 EXISTS\n", "unasked": "S: * 9 FETCH (UID 9)\n", "continuation": "S: +\n", "still here": "S: * OK Still here\n",
	} {
		t.Run(name, func(t *testing.T) {
			for user, ask := range map[string]func(*Session) error{
				"raw":     func(s *Session) error { _, err := s.Status(within(t, time.Minute), "a"); return err },
				"go-imap": func(s *Session) error { return s.Guard(within(t, time.Minute), op, noop) },
			} {
				command := `C: $ STATUS "a" (MESSAGES UNSEEN UIDNEXT UIDVALIDITY)` + "\n"
				if user == "go-imap" {
					if name == "continuation" {
						continue // go-imap ends the connection over the first
					}
					command = "C: $ NOOP\n"
				}
				s := opened(t, converse(t, loggedIn(""), command+strings.Repeat(line, 51)+"S..."))
				s.conn.mu.Lock()
				s.conn.traffic.most = 50
				s.conn.mu.Unlock()
				if err := ask(s); endpoint.ClassOf(err) != endpoint.Protocol || !strings.Contains(err.Error(), "more than 50 responses") {
					t.Errorf("%s: %v", user, err)
				}
			}
		})
	}
}

// An answer begins the count anew.
func TestAnswersEndTheCount(t *testing.T) {
	s := opened(t, converse(t, loggedIn(""), strings.Repeat("C: $ NOOP\n"+strings.Repeat("S: * 1 EXISTS\n", 40)+"S: $ OK\n", 5)))
	s.conn.mu.Lock()
	s.conn.traffic.most = 50
	s.conn.mu.Unlock()
	for range 5 {
		if err := s.Guard(within(t, time.Minute), op, noop); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSearchIsReadWhole(t *testing.T) {
	for name, c := range map[string]struct{ lines, want string }{
		"none":             {"S: * SEARCH", ""},
		"no line at all":   {"", ""},
		"any order, twice": {"S: * SEARCH 5 3 4 3\nS: * SEARCH 9\nS: * 3 EXISTS", "3:5,9"},
		"with a mod-seq":   {"S: * SEARCH 2 7 (MODSEQ 917162500)", "2,7"},
		"the last UID":     {"S: * SEARCH 4294967295 4294967294", "4294967294:4294967295"},
	} {
		t.Run(name, func(t *testing.T) {
			s := opened(t, converse(t, loggedIn(""), "C: $ UID SEARCH DELETED\n"+c.lines+"\nS: $ OK"))
			if got, err := s.SearchDeleted(within(t, time.Minute), op); err != nil || got.String() != c.want {
				t.Errorf("%s, %v", got, err)
			}
		})
	}
	for name, line := range map[string]string{"word": "* SEARCH 1 x", "zero": "* SEARCH 0", "beyond": "* SEARCH 4294967296", "set": "* SEARCH 1:5", "quoted": `* SEARCH "5"`, "star": "* SEARCH *"} {
		t.Run(name, func(t *testing.T) {
			s := opened(t, converse(t, loggedIn(""), "C: $ UID SEARCH DELETED\nS: "+line+"\nS: $ OK"))
			if got, err := s.SearchDeleted(within(t, time.Minute), op); endpoint.ClassOf(err) != endpoint.Protocol || s.Broken() {
				t.Errorf("%s, %v", got, err)
			}
		})
	}
}
