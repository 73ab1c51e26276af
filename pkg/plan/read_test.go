package plan

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"imapmigrate/pkg/config/strict"
)

// example is a plan with one of everything that a person may edit.
func example(tb testing.TB) *Plan {
	tb.Helper()
	source := from(".", "INBOX.", "INBOX | 3", `INBOX.Sent | \Sent 5 subscribed`, "INBOX.Work | 7", "INBOX.Work.2020 | 2", `INBOX.Top | \Noselect`, "INBOX.caf\xe9 | 1", "INBOX.Gone | 4", "INBOX.New | 1", "INBOX.New.2020 | 1")
	destination := to("/", "", "INBOX", `Sent Items | \Sent 2`, "b&AOk", "Work | no-status")
	return build(tb, source, destination, Rules{Name: "acme-alice", Tool: "imapmigrate test", Exclude: []string{"Gone"}})
}

func written(tb testing.TB, p *Plan) string {
	tb.Helper()
	var b bytes.Buffer
	if err := p.Encode(&b); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// TestEdits: what a person may change is read as meant.
func TestEdits(t *testing.T) {
	tests := []struct {
		name, old, new string
		want           func(*Plan) string
		line           string
	}{
		{"nothing", "", "", func(p *Plan) string { return line(p.Entry("INBOX.Work")) }, "merge Work"},
		{"another name", `to: "Work/2020"`, `to: "Old/2020"`, func(p *Plan) string { return line(p.Entry("INBOX.Work.2020")) }, "create Old/2020"},
		{"a slash inside a part", `to: "Work/2020"`, `to: 'Work\/2020'`, func(p *Plan) string { return line(p.Entry("INBOX.Work.2020")) }, ""},
		{"skip leaves to", "action: create\n    to: \"Work/2020\"", "action: skip\n    to: \"Work/2020\"", func(p *Plan) string { return line(p.Entry("INBOX.Work.2020")) }, "skip"},
		{"structure only", "action: create\n    to: \"Work/2020\"", "action: structure\n    to: \"Work/2020\"", func(p *Plan) string { return line(p.Entry("INBOX.Work.2020")) }, "structure Work/2020"},
		{"what was found counts for its name only", `to: "Sent Items"`, `to: "Mine"`, func(p *Plan) string {
			if e := p.Entry("INBOX.Sent"); e.There || e.ToValidity != 0 || e.ToWire != "Mine" {
				return "still remembers Sent Items"
			}
			return line(p.Entry("INBOX.Sent"))
		}, "merge Mine"},
		{"two that both say merge", "action: create\n    to: \"Work/2020\"", "action: merge\n    to: \"Work\"", func(p *Plan) string { return line(p.Entry("INBOX.Work.2020")) }, "merge Work"},
		{"unsubscribe", "subscribe: true", "subscribe: false", func(p *Plan) string {
			if p.Entry("INBOX.Sent").Subscribe {
				return "subscribed"
			}
			return "not subscribed"
		}, "not subscribed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := example(t)
			file := written(t, p)
			if !strings.Contains(file, tt.old) {
				t.Fatalf("the plan does not hold %q:\n%s", tt.old, file)
			}
			got, err := Read("x.plan.yaml", []byte(strings.Replace(file, tt.old, tt.new, 1)))
			if tt.line == "" {
				if err == nil {
					t.Fatal("read")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if l := tt.want(got); l != tt.line {
				t.Errorf("%s, want %s", l, tt.line)
			}
			if got.Edited() != (tt.name != "nothing") {
				t.Errorf("Edited() = %t", got.Edited())
			}
			again, err := Read("x.plan.yaml", []byte(written(t, got)))
			if err != nil {
				t.Fatalf("written again: %v", err)
			}
			if diff := cmp.Diff(got, again); diff != "" {
				t.Errorf("written and read again: %s", diff)
			}
		})
	}
}

// TestFaults: each hand edit that makes no sense is refused where it stands, with the reason and a next step.
func TestFaults(t *testing.T) {
	tests := []struct {
		name, old, new string
		fault          string // file:line:column is checked against the place of at
		at             string
	}{
		{"unknown action", "action: create", "action: creat", "`create`", "creat\n"},
		{"unknown field", "    subscribe: true", "    subscribed: true", "`subscribe`", "subscribed"},
		{"no place to go", "action: skip", "action: create", "no place to go", ""},
		{"two onto one", `to: "Work/2020"`, `to: "Work"`, `"INBOX/Work" and "INBOX/Work/2020" would both go to "Work"`, ""},
		{"two onto one in other letters", `to: "Work/2020"`, `to: "INBOX/Work"`, "", ""},
		{"empty part", `to: "Work/2020"`, `to: "Work//2020"`, "empty part", `"Work//2020"`},
		{"control character", `to: "Work/2020"`, `to: "Work\u0007"`, "control character", `"Work\u0007"`},
		{"exact name of another", "action: create\n    to: \"Work/2020\"", "action: create\n    to_wire: \"Worm\"\n    to: \"Work/2020\"", `this is not the exact name of "Work/2020"`, `"Worm"`},
		{"exact name that is no such", "action: create\n    to: \"Work/2020\"", "action: create\n    to_wire: \"a\\\\x\"\n    to: \"Work/2020\"", "an exact name", `"a\\x"`},
		{"create what is there", "action: merge\n    to: \"Sent Items\"", "action: create\n    to: \"Sent Items\"", "at the destination already", ""},
		{"create INBOX", "action: merge\n    to: \"INBOX\"", "action: create\n    to: \"INBOX\"", "cannot be made", ""},
		{"copy what cannot be opened", "action: structure\n    to: \"Top\"", "action: merge\n    to: \"Top\"", "nothing to merge", ""},
		{"the same source twice", `source: "INBOX/Work/2020"`, `source: "INBOX/Work"`, "is in the plan twice", ""},
		{"a count that is none", "messages: 7", "messages: many", "whole number or unknown", "many"},
		{"a role that is none", `to_role: '\Sent'`, `to_role: '\Snt'`, "no such role", `'\Snt'`},
		{"below what is skipped", "action: create\n    to: \"New\"", "action: skip\n    to: \"New\"", `"INBOX/New/2020" goes below "New", which would have to be made for it, but "INBOX/New" is skipped`, `"New/2020"`},
		{"a forecast that is none", "least: 10s", "least: soon", "time span", "soon"},
		{"dates that are none", "    messages: 7", "    holds: {oldest: long ago}\n    messages: 7", "no date", "long ago}"},
		{"a later format", "format: 1", "format: 2", "reads format 1", "2\n"},
		{"no digest", "digest: ", "digest: x # ", "no digest", "x # "},
		{"port", "port: 993", "port: 99300", "no port", "99300"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := written(t, example(t))
			if !strings.Contains(file, tt.old) {
				t.Fatalf("the plan does not hold %q:\n%s", tt.old, file)
			}
			file = strings.Replace(file, tt.old, tt.new, 1)
			_, err := Read("x.plan.yaml", []byte(file))
			faults, ok := errors.AsType[strict.Faults](err)
			if tt.fault == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !ok {
				t.Fatalf("no faults: %v", err)
			}
			if len(faults) != 1 || !strings.Contains(faults[0].Error(), tt.fault) || faults[0].Next == "" {
				t.Errorf("%d faults, want one with %q and a next step:\n%v", len(faults), tt.fault, err)
			}
			if tt.at != "" {
				before, _, _ := strings.Cut(file, tt.at)
				line, column := strings.Count(before, "\n")+1, len(before)-strings.LastIndex(before, "\n")
				if faults[0].Line != line || faults[0].Column != column {
					t.Errorf("at %d:%d, want %d:%d", faults[0].Line, faults[0].Column, line, column)
				}
			}
			t.Log(err)
		})
	}
}

// TestOutsideTheAccount: below "INBOX." nothing can be made beside INBOX.
func TestOutsideTheAccount(t *testing.T) {
	p := build(t, from("/", "", "Work"), to(".", "INBOX."), Rules{})
	file := strings.Replace(written(t, p), `to: "INBOX/Work"`, `to: "Work"`, 1)
	_, err := Read("x.plan.yaml", []byte(file))
	if err == nil || !strings.Contains(err.Error(), `write "INBOX/Work"`) {
		t.Errorf("%v", err)
	}
	file = strings.Replace(written(t, p), `to: "INBOX/Work"`, `to: "INBOX/a.b"`, 1)
	_, err = Read("x.plan.yaml", []byte(file))
	if err == nil || !strings.Contains(err.Error(), "delimiter") {
		t.Errorf("%v", err)
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	file := written(t, example(t))
	file = strings.Replace(file, "action: create", "action: creat", 1)
	file = strings.Replace(file, "subscribe: true", "subscribe: maybe", 1)
	file = strings.Replace(file, "port: 993", "port: -1", 1)
	_, err := Read("x.plan.yaml", []byte(file))
	if faults, _ := errors.AsType[strict.Faults](err); len(faults) != 3 {
		t.Errorf("%v", err)
	}
}

// FuzzRead: whatever stands in the file, Read answers; and what it accepts can be written and read again as the same plan.
func FuzzRead(f *testing.F) {
	f.Add(written(f, example(f)))
	f.Add(written(f, build(f, from("/", ""), to(".", "INBOX."), Rules{})))
	f.Add("format: 1\nname: a\ndigest: x\nsource: {}\ndestination: {}\nmailboxes: []\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, file string) {
		p, err := Read("x", []byte(file))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := p.Encode(&b); err != nil {
			t.Fatalf("read, but not to be written: %v", err)
		}
		again, err := Read("x", b.Bytes())
		if err != nil {
			t.Fatalf("%v\n%s", err, b.Bytes())
		}
		if diff := cmp.Diff(p, again); diff != "" {
			t.Fatal(diff)
		}
	})
}
