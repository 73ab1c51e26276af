package plan

import (
	"bytes"
	"flag"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/mailbox"
	"imapmigrate/pkg/survey"
)

// A hundred accounts are too few for names to meet in all the ways they can. The command line still has the last word.
func init() { flag.Set("rapid.checks", "1000") }

var (
	delimiters = []string{"/", ".", `\`, "|", "^", ":", "_", "~", "(", ""}
	pieces     = []string{"a", "A", "b", "Sent", "sent", "Sent Items", "Trash", "INBOX", "Inbox", "inbox", "a_b", "a.b", "a/b", `a\b`, "a|b", " a", "a ", "a (2)", "_", ".", "..", "&APw-", "u&Awg-",
		"&AAo-", "&IC4-x", "&AIU-", "&2D0-", "&2D3eAA-", "caf\xe9", "x&y", "", "*", "%", `"`, "shared", "~b", strings.Repeat("w", 120), strings.Repeat("w", 300), strings.Repeat("&APw-", 60)}
	attributes = []string{"", "", "", "", `\Noselect`, `\NonExistent`, `\Sent`, `\Trash`, `\All`, `\NoInferiors`, "subscribed", "7", "no-status", "no-validity"}
)

// anyAccount draws an account: whatever a stranger's server may list.
func anyAccount(host string) *rapid.Generator[*survey.Survey] {
	return rapid.Custom(func(t *rapid.T) *survey.Survey {
		w := world{host: host, delimiter: rapid.SampledFrom(delimiters).Draw(t, "delimiter")}
		w.server = rapid.SampledFrom([]string{"", "Dovecot", "Cyrus IMAP", "Courier-IMAP ready", "evil \x1b[31m\xff\r\n\u202e\"\\" + strings.Repeat("x", 500)}).Draw(t, "server")
		if w.delimiter != "" && rapid.Bool().Draw(t, "prefixed") {
			w.prefix = "INBOX" + w.delimiter
		}
		seen := map[string]bool{}
		for _, parts := range rapid.SliceOfN(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(pieces), rapid.StringMatching(`[a-zé&-]{0,3}`)), 1, 4), 0, 12).Draw(t, "names") {
			name := strings.Join(parts, w.delimiter)
			if rapid.Bool().Draw(t, "inside") {
				name = w.prefix + name
			}
			if !seen[name] {
				seen[name] = true
				w.boxes = append(w.boxes, name+" | "+rapid.SampledFrom(attributes).Draw(t, "attribute"))
			}
		}
		s := w.survey()
		if w.delimiter != "" && rapid.Bool().Draw(t, "shared") {
			s.Namespaces.Shared = []endpoint.Namespace{{Prefix: mailbox.Wire(rapid.SampledFrom([]string{"shared" + w.delimiter, "", "~"}).Draw(t, "shared prefix")), Delimiter: w.delimiter}}
		}
		if rapid.Bool().Draw(t, "looked into") {
			s.Contents = map[mailbox.Wire]*survey.Contents{}
			for _, m := range s.Mailboxes {
				s.Contents[m.Wire] = anyContents().Draw(t, "contents")
			}
		}
		s.RoundTrip = rapid.SampledFrom([]time.Duration{0, 1, 37 * time.Millisecond, time.Hour}).Draw(t, "round trip")
		return s
	})
}

func anyContents() *rapid.Generator[*survey.Contents] {
	return rapid.Custom(func(t *rapid.T) *survey.Contents {
		n := func(what string) int64 { return rapid.SampledFrom([]int64{0, 1, 1 << 40}).Draw(t, what) }
		day := func(what string) time.Time {
			return rapid.SampledFrom([]time.Time{{}, noon, noon.Add(time.Nanosecond), noon.Truncate(24 * time.Hour), time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -3600))}).Draw(t, what)
		}
		return &survey.Contents{Messages: n("messages"), Bytes: n("bytes"), Unsized: n("unsized"), Oldest: day("oldest"), Newest: day("newest"), Unseen: n("unseen"), Wanted: n("wanted"), WantedBytes: n("wanted bytes"),
			TooLarge: n("too large"), OddDates: n("odd dates"), OddFlags: n("odd flags"), Keyworded: n("keyworded"), Homeless: rapid.SampledFrom([]int64{-1, 0, 1}).Draw(t, "homeless"),
			Keywords: []mailbox.Flag{"x", "%s\x1b"}, Problem: rapid.SampledFrom([]string{"", "", "no"}).Draw(t, "problem")}
	})
}

func anyRules() *rapid.Generator[Rules] {
	return rapid.Custom(func(t *rapid.T) Rules {
		r := Rules{Name: "any", Tool: "test", Roles: rapid.SampledFrom([]string{"match", "names"}).Draw(t, "roles")}
		r.Messages.Since = rapid.SampledFrom([]time.Time{{}, noon, noon.Truncate(24 * time.Hour)}).Draw(t, "since")
		if rapid.Bool().Draw(t, "mapped") {
			r.Map = rapid.SliceOfN(rapid.SampledFrom([]MapRule{{"a", "b"}, {"a/*", "Together"}, {"**/b", "Sent"}, {"A", "x/y"}, {"*", "all"}, {"Sent", "INBOX"}, {"re:(.)(.*)", "r/$2$1"}}), 1, 2).Draw(t, "map")
		}
		r.Exclude = rapid.SliceOfN(rapid.SampledFrom([]string{"b", "**/x", "a/*"}), 0, 1).Draw(t, "exclude")
		return r
	})
}

// drawPlan builds a plan; a map or a prefix that this destination cannot have is refused by Build and drawn again.
func drawPlan(t *rapid.T) (source, destination *survey.Survey, r Rules, p *Plan) {
	source, destination = anyAccount("imap.old.example").Draw(t, "source"), anyAccount("imap.new.example").Draw(t, "destination")
	r = anyRules().Draw(t, "rules")
	p, err := Build(source, destination, r, noon)
	if err != nil && len(r.Map) > 0 {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("Build: %v", err)
	}
	return source, destination, r, p
}

// TestNoTwoSourcesShareAPlaceUnlessMapped is the promise that no mailbox is mixed into another one silently.
func TestNoTwoSourcesShareAPlaceUnlessMapped(t *testing.T) { rapid.Check(t, sharesNoPlace) }

// FuzzMapping lets the fuzzer choose the names, delimiters and rules of the same promise.
func FuzzMapping(f *testing.F) { f.Fuzz(rapid.MakeFuzz(sharesNoPlace)) }

func sharesNoPlace(t *rapid.T) {
	source, destination, r, p := drawPlan(t)
	if len(p.Mailboxes) != len(source.Mailboxes) {
		t.Fatalf("%d mailboxes listed, %d planned", len(source.Mailboxes), len(p.Mailboxes))
	}
	wires, folds := map[mailbox.Wire]*Entry{}, map[string]*Entry{}
	for i := range p.Mailboxes {
		e := &p.Mailboxes[i]
		if e.Action == Skip {
			continue
		}
		there := destination.Find(e.ToWire)
		if w, err := mailbox.Encode(e.To, p.Destination.Delimiter); there == nil && (err != nil || w != e.ToWire) {
			t.Fatalf("%q: %q is not the wire name of %q (%q, %v)", e.Source, e.ToWire, e.To, w, err)
		}
		limits := toleranceOf(p.Destination)
		if there == nil && limits.length(e.To)-len(limits.delimiter) > limits.total {
			t.Fatalf("%q: %q is too long", e.Source, e.To)
		}
		if !e.Action.Copies() {
			continue
		}
		if o := wires[e.ToWire]; o != nil && (len(r.Map) == 0 || o.Action != Merge || e.Action != Merge) {
			t.Fatalf("%q and %q both go to %q", o.Source, e.Source, e.To)
		}
		if o := folds[fold(e.To)]; o != nil && o.ToWire != e.ToWire && (!o.There || !e.There) {
			t.Fatalf("%q to %q and %q to %q are one on some servers", o.Source, o.To, e.Source, e.To)
		}
		wires[e.ToWire], folds[fold(e.To)] = e, e
	}
}

// TestParentsComeFirst: the copier makes mailboxes in the plan's order.
func TestParentsComeFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, _, _, p := drawPlan(t)
		for i, e := range p.Mailboxes {
			for _, later := range p.Mailboxes[i+1:] {
				if len(later.Source) < len(e.Source) && e.Source.HasPrefix(later.Source) {
					t.Fatalf("%q stands after %q", later.Source, e.Source)
				}
			}
		}
	})
}

// TestFileGivesBackThePlan: what was reviewed is what runs.
func TestFileGivesBackThePlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, _, _, p := drawPlan(t)
		var file bytes.Buffer
		if err := p.Encode(&file); err != nil {
			t.Fatalf("Encode: %v", err)
		}
		got, err := Read("x.plan.yaml", file.Bytes())
		if err != nil {
			t.Fatalf("Read: %v\n%s", err, file.Bytes())
		}
		if diff := cmp.Diff(p, got); diff != "" {
			t.Fatalf("not the same plan:\n%s", diff)
		}
		if got.Edited() || got.Sum() != p.Sum() {
			t.Fatal("the digest changed")
		}
	})
}

// TestPlanFitsTheAccountsItWasMadeFor, and those it made itself.
func TestPlanFitsTheAccountsItWasMadeFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source, destination, _, p := drawPlan(t)
		if err := p.Check(source, destination, nil); err != nil {
			t.Fatalf("at once: %v", err)
		}
		after, made := run(p, destination, rapid.Bool().Draw(t, "marks"))
		if err := p.Check(source, after, made); err != nil {
			t.Fatalf("after the copy: %v", err)
		}
	})
}

// TestSecondPlanGoesToTheSamePlaces: a plan that is made again after the copy must not send a mailbox elsewhere, or its mail would be
// there twice.
func TestSecondPlanGoesToTheSamePlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source, destination, r, p := drawPlan(t)
		after, _ := run(p, destination, rapid.Bool().Draw(t, "marks"))
		again, err := Build(source, after, r, noon)
		if err != nil {
			t.Fatalf("Build: %v", err)
		}
		for i := range p.Mailboxes {
			if e, now := &p.Mailboxes[i], again.Entry(p.Mailboxes[i].SourceWire); e.Action.Copies() && now.ToWire != e.ToWire {
				t.Fatalf("%q goes to %q, and to %q in the second plan (%s; %s)", e.Source, e.To, now.To, e.Reason, now.Reason)
			}
		}
	})
}

// run is the destination after the copy; marks: it keeps the special uses that are wished for.
func run(p *Plan, destination *survey.Survey, marks bool) (*survey.Survey, map[mailbox.Wire]mailbox.UIDValidity) {
	after := *destination
	after.Mailboxes = slices.Clone(destination.Mailboxes)
	made := map[mailbox.Wire]mailbox.UIDValidity{}
	for _, e := range p.Mailboxes {
		if e.Action == Skip {
			continue
		}
		m := after.Find(e.ToWire)
		if m != nil && m.Selectable {
			continue
		}
		if m == nil {
			after.Mailboxes = append(after.Mailboxes, mailbox.Info{Wire: e.ToWire, Name: e.To, Exact: true, Delimiter: p.Destination.Delimiter})
			m = &after.Mailboxes[len(after.Mailboxes)-1]
		}
		m.Selectable, m.NonExistent = true, false
		m.Status = &mailbox.Status{UIDValidity: 77, Messages: 1, Size: 1, AppendLimit: -1}
		if marks && m.Role == mailbox.RoleNone {
			m.Role = e.ToRole
		}
		made[e.ToWire] = 77
	}
	return &after, made
}

// TestDiffAndDigestAgree: a change that Diff calls meaning is a change of the digest, and the other way round.
func TestDiffAndDigestAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, _, _, p := drawPlan(t)
		edited := *p
		edited.Mailboxes = slices.Clone(p.Mailboxes)
		if len(p.Mailboxes) > 0 {
			e := &edited.Mailboxes[rapid.IntRange(0, len(p.Mailboxes)-1).Draw(t, "entry")]
			switch rapid.IntRange(0, 8).Draw(t, "change") {
			case 0:
				e.Action = rapid.SampledFrom([]Action{Create, Merge, Structure, Skip}).Draw(t, "action")
			case 1:
				e.To, e.ToWire = mailbox.Name{"else"}, "else"
			case 2:
				e.Subscribe = !e.Subscribe
			case 3:
				e.Messages, e.Bytes = 99, Unknown
			case 4:
				e.Validity++
			case 5:
				e.ToRole = mailbox.RoleJunk
			case 6:
				e.Reason = "because"
			case 7:
				edited.Destination.AppendLimit = 5
			case 8:
				edited.Mailboxes = slices.DeleteFunc(edited.Mailboxes, func(o Entry) bool { return o.SourceWire == e.SourceWire })
			}
		}
		meaning := slices.ContainsFunc(Diff(p, &edited), func(c Change) bool { return c.Meaning })
		if meaning != (p.Sum() != edited.Sum()) {
			t.Fatalf("Diff says %v, the digest differs: %v\n%+v", meaning, !meaning, Diff(p, &edited))
		}
	})
}
