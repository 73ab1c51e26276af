package view

import (
	"fmt"
	"io"
	"strings"

	"imapmigrate/pkg/endpoint"
)

// Finding is one thing that was seen on an account, and what it means for this migration. Grave ones will stop or hurt it.
type Finding struct {
	Topic   string `json:"topic"`
	Fact    string `json:"fact"`
	Meaning string `json:"meaning"`
	Grave   bool   `json:"grave"`
}

// Account is what check found on one side.
type Account struct {
	Side         string                `json:"side"` // source or destination
	Identity     endpoint.Identity     `json:"identity"`
	Capabilities endpoint.Capabilities `json:"capabilities"`
	Findings     []Finding             `json:"findings"`
}

// Check writes what was found on each account.
func Check(w io.Writer, accounts []Account, width int) error {
	var b strings.Builder
	for i, a := range accounts {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s: %s\n", a.Side, Visible(account(a.Identity)))
		t := table{columns: []column{{rigid: true}, {}, {below: true}}, indent: "  "}
		for _, f := range a.Findings {
			topic := f.Topic
			if f.Grave {
				topic = "! " + topic
			}
			t.add(topic, f.Fact, f.Meaning)
		}
		if err := t.write(&b, width); err != nil {
			return err
		}
		paragraph(&b, width, "  ", "  ", Visible("capabilities: "+strings.Join(a.Capabilities, " ")))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

type checkDocument struct {
	Format   int       `json:"format"`
	Accounts []Account `json:"accounts"`
}

// CheckJSON writes the same as one JSON document.
func CheckJSON(w io.Writer, accounts []Account) error {
	return WriteJSON(w, checkDocument{Format, accounts})
}
