// Package event owns what a run tells while it goes on: the event types and the Sink that takes them.
// It shows nothing; views do.
package event

import "time"

// Sink takes events. Emit may be called from several goroutines at once, must not block for long and must not keep what an event points to.
type Sink interface{ Emit(Event) }

// Event is one of the types below. Type is its name in JSON.
type Event interface{ Type() string }

// Discard takes everything and shows nothing.
var Discard Sink = discard{}

type discard struct{}

func (discard) Emit(Event) {}

// StageStarted opens a stage (survey, copy, verify, purge) with what lies before it; 0 is unknown.
type StageStarted struct {
	Stage    string `json:"stage"`
	Messages int64  `json:"messages"`
	Bytes    int64  `json:"bytes"`
}

// StageDone closes a stage.
type StageDone struct {
	Stage    string        `json:"stage"`
	Messages int64         `json:"messages"`
	Bytes    int64         `json:"bytes"`
	Took     time.Duration `json:"took_ns"`
}

// MailboxStarted says which mailbox is worked on now.
type MailboxStarted struct {
	Stage    string `json:"stage"`
	Mailbox  string `json:"mailbox"`
	To       string `json:"to,omitempty"`
	Messages int64  `json:"messages"`
	Bytes    int64  `json:"bytes"`
}

// MailboxDone closes a mailbox; Problem is empty when all is well.
type MailboxDone struct {
	Stage    string `json:"stage"`
	Mailbox  string `json:"mailbox"`
	Messages int64  `json:"messages"`
	Bytes    int64  `json:"bytes"`
	Problem  string `json:"problem,omitempty"`
}

// Progress counts what was done since the last event for that mailbox.
type Progress struct {
	Stage    string `json:"stage"`
	Mailbox  string `json:"mailbox"`
	Messages int64  `json:"messages"`
	Bytes    int64  `json:"bytes"`
}

// MessageProblem is one message without a good outcome, or with a difference.
type MessageProblem struct {
	Stage   string `json:"stage"`
	Mailbox string `json:"mailbox"`
	UID     uint32 `json:"uid"`
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"`
}

// Warning is something a person should know that stops nothing.
type Warning struct {
	Stage string `json:"stage"`
	Text  string `json:"text"`
}

// Waiting says that a server is given time, and why.
type Waiting struct {
	Stage  string        `json:"stage"`
	Reason string        `json:"reason"`
	Wait   time.Duration `json:"wait_ns"`
}

// Type names the event in JSON.
func (StageStarted) Type() string   { return "stage_started" }
func (StageDone) Type() string      { return "stage_done" }
func (MailboxStarted) Type() string { return "mailbox_started" }
func (MailboxDone) Type() string    { return "mailbox_done" }
func (Progress) Type() string       { return "progress" }
func (MessageProblem) Type() string { return "message_problem" }
func (Warning) Type() string        { return "warning" }
func (Waiting) Type() string        { return "waiting" }
