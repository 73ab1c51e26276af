package strict

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type server struct {
	Host    string        `yaml:"host" strict:"required" example:"host: imap.example.org"`
	Port    int           `yaml:"port,omitempty"`
	Timeout time.Duration `yaml:"timeout"`
	Limit   uint16        `yaml:"limit"`
	Plain   bool          `yaml:"plain"`
	Lost    string        `yaml:"-"`
}

type colour string

func (c *colour) UnmarshalText(text []byte) error {
	if string(text) != "red" && string(text) != "12" {
		return errors.New("this is no colour; write red")
	}
	*c = colour(text)
	return nil
}

type source struct {
	Env string `yaml:"env"`
}

func (source) Expects() (must, next string) { return "must say where it is", "write {env: NAME}" }

// Inlined is exported, or reflection could not set it.
type Inlined struct {
	Label string `yaml:"label"`
}

type file struct {
	Version int               `yaml:"version" strict:"required"`
	Server  server            `yaml:"server"`
	Other   *server           `yaml:"other"`
	List    []string          `yaml:"list"`
	Many    []server          `yaml:"many"`
	Map     map[string]server `yaml:"map"`
	Words   map[string][]int  `yaml:"words"`
	Time    time.Time         `yaml:"time"`
	Colour  colour            `yaml:"colour"`
	Source  source            `yaml:"source"`
	NoTag   string
	secret  string
	Inlined `yaml:",inline"`
}

// An unexported field is no key.
var _ = file{}.secret

func decode(text string) (file, *Document) {
	f := file{Server: server{Port: 993}}
	d := Format{Limit: 1 << 16, Remedy: "write one"}.Decode("f.yaml", []byte(text), &f)
	return f, d
}

func TestDecode(t *testing.T) {
	got, d := decode(`# all of it
version: 1
server: {host: "imap.example.org", timeout: 1m30s, limit: 65535, plain: true}
other:
  host: 'x'
  port: -5
list: [a, "12", 'true', b c]
many:
  - host: one
  - {host: two, port: 0}
map:
  first.with.dots: {host: three}
words: {}
time: 2026-01-31T20:00:00+01:00
colour: 12
source: {env: X}
notag: |
  several
  lines
label: inlined
`)
	if err := d.Err(); err != nil {
		t.Fatal(err)
	}
	want := file{
		Version: 1, Server: server{Host: "imap.example.org", Port: 993, Timeout: 90 * time.Second, Limit: 65535, Plain: true},
		Other: &server{Host: "x", Port: -5}, List: []string{"a", "12", "true", "b c"}, Many: []server{{Host: "one"}, {Host: "two"}},
		Map: map[string]server{"first.with.dots": {Host: "three"}}, Words: map[string][]int{}, Time: time.Date(2026, 1, 31, 20, 0, 0, 0, time.FixedZone("", 3600)),
		Colour: "12", Source: source{"X"}, NoTag: "several\nlines\n", Inlined: Inlined{Label: "inlined"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(file{})); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeOddButPlainFiles(t *testing.T) {
	for _, text := range []string{"version: 1", "\uFEFFversion: 1\n", "version: 1\r\nserver:\r\n  host: x\r\n", "---\nversion: 1\n...\n", "{version: 1}", "? version\n: 1\n", "\"version\": 1"} {
		if got, d := decode(text); d.Err() != nil || got.Version != 1 {
			t.Errorf("%q: %v, version %d", text, d.Err(), got.Version)
		}
	}
}

// TestFaults holds one fault a file, with its place and words.
func TestFaults(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", "1:1: the file is empty; write one"},
		{"comment only", "# nothing\n\n", "1:1: the file is empty; write one"},
		{"marker only", "---\n", "1:1: the file is empty; write one"},
		{"text only", "version", "1:1: the file must hold keys with values, not text; write one"},
		{"list", "- version: 1\n", "1:1: the file must hold keys with values, not a list; write one"},
		{"too large", "version: 1\n#" + strings.Repeat("x", 1<<16), "1:1: the file is larger than 65536 bytes; this cannot be the file you mean"},
		{"NUL", "version: 1\nlabel: a\x00b\n", "2:9: a NUL byte stands here; save the file as UTF-8 text"},
		{"not UTF-8", "version: 1\nlabel: \xfcml\n", "2:8: the text is not valid UTF-8 here; save the file as UTF-8 text"},
		{"UTF-16", "v\x00e\x00", "1:2: a NUL byte stands here; save the file as UTF-8 text"},
		{"second document", "version: 1\n---\nversion: 2\n", "2:1: a second document begins here (`---`); keep one document in a file"},
		{"marker at the end", "version: 1\n---\n", "2:1: a second document begins here (`---`); keep one document in a file"},

		{"unknown key", "version: 1\nserver: {host: a, prot: 1}\n", "2:19: unknown key `prot` in `server`; did you mean `port`?"},
		{"unknown key at the top", "version: 1\nsrever: {host: a}\n", "2:1: unknown key `srever`; did you mean `server`?"},
		{"unknown key, far from all", "version: 1\nserver: {host: a, zzzzzz: 1}\n", "2:19: unknown key `zzzzzz` in `server`; the keys here are host, port, timeout, limit, plain"},
		{"key that belongs below", "version: 1\nenv: a\n", "2:1: unknown key `env`; it belongs in `source`"},
		{"key that belongs elsewhere", "version: 1\nserver: {host: a, env: b}\n", "2:19: unknown key `env` in `server`; it belongs in `source`"},
		{"key that belongs above", "version: 1\nserver: {host: a, label: b}\n", "2:19: unknown key `label` in `server`; the keys here are host, port, timeout, limit, plain"},
		{"field that is no key", "version: 1\nserver: {host: a, \"-\": 1}\n", "2:19: unknown key `-` in `server`; the keys here are host, port, timeout, limit, plain"},
		{"unknown key, long and strange", "version: 1\n\"\\e[2J" + strings.Repeat("k", 100) + "\": 1\n",
			"2:1: unknown key `\\x1b[2J" + strings.Repeat("k", 76) + "...`; the keys here are version, server, other, list, many, map, words, time, colour, source, notag, label"},
		{"unknown key in a list", "version: 1\nmany:\n  - host: a\n  - host: b\n    prot: 3\n", "5:5: unknown key `prot` in `many[1]`; did you mean `port`?"},
		{"missing", "label: x\n", "1:1: `version` is missing; add it"},
		{"missing below", "version: 1\nserver:\n  port: 1\n", "2:1: `server.host` is missing; add a line like `host: imap.example.org`"},
		{"missing in a list", "version: 1\nmany:\n- host: a\n- port: 1\n", "4:3: `many[1].host` is missing; add a line like `host: imap.example.org`"},
		{"twice", "version: 1\nlabel: a\nlabel: b\n", "3:1: the same key stands in line 2 already; keep one of the two"},
		{"twice, once quoted", "version: 1\nserver: {host: a, \"host\": b}\n", "2:19: the same key stands in line 2 already; keep one of the two"},
		{"twice in a map", "version: 1\nmap: {a: {host: x}, a: {host: y}}\n", "2:21: the same key stands in line 2 already; keep one of the two"},

		{"anchor", "version: 1\nlabel: &here x\n", "2:8: an anchor (`&`) stands here, and files of this kind have none; remove it, or put text that begins with `&` in quotes"},
		{"alias", "version: &v 1\nserver: {host: a, port: *v}\n",
			"1:10: an anchor (`&`) stands here, and files of this kind have none; remove it, or put text that begins with `&` in quotes\n" +
				"2:25: an alias (`*`) stands here, and files of this kind have none; write the value itself, or put text that begins with `*` in quotes"},
		{"alias of nothing", "version: 1\nlabel: *hush\n", "2:1: an alias (`*`) stands here, and files of this kind have none; put text that begins with `*` in quotes"},
		{"merge key", "version: 1\nserver: {host: a, <<: {port: 1}}\n", "2:19: a merge key (`<<`) stands here, and files of this kind have none; write the keys out"},
		{"tag", "version: 1\nlabel: !hush x\n", "2:8: a tag (`!`) stands here, and files of this kind have none; remove it, or put text that begins with `!` in quotes"},
		{"core tag", "version: !!int \"1\"\n", "1:10: a tag (`!`) stands here, and files of this kind have none; remove it, or put text that begins with `!` in quotes"},
		{"deep", "version: 1\nlist: " + strings.Repeat("[", 70) + strings.Repeat("]", 70) + "\n", "2:71: the values are nested too deeply; this cannot be the file you mean"},
		{"deep by indentation", "version: 1\nlist:\n" + indented(100), "66:65: the values are nested too deeply; this cannot be the file you mean"},
		{"very deep", "list: " + strings.Repeat("[", 20000), "1:1: the values are nested too deeply; this cannot be the file you mean"},

		{"text for number", "version: one\n", "1:10: `version` must be a number, not text; write it in digits"},
		{"quoted number", "version: \"1\"\n", "1:10: `version` must be a number, not text; remove the quotes"},
		{"octal", "version: 0600\n", "1:10: `version` must be a whole number; write it in decimal digits, without leading zeros"},
		{"hexadecimal", "version: 0x1F\n", "1:10: `version` must be a whole number; write it in decimal digits, without leading zeros"},
		{"underscore", "version: 1_000\n", "1:10: `version` must be a whole number; write it in decimal digits, without leading zeros"},
		{"fraction", "version: 1.5\n", "1:10: `version` must be a whole number; write it in decimal digits, without leading zeros"},
		{"plus", "version: +1\n", "1:10: `version` must be a whole number; write it in decimal digits, without leading zeros"},
		{"huge", "version: 99999999999999999999\n", "1:10: `version` is a number out of range; write one nearer to zero"},
		{"lowest", "version: -99999999999999999999\n", "1:10: `version` is a number out of range; write one nearer to zero"},
		{"too large for its type", "version: 1\nserver: {host: a, limit: 65536}\n", "2:26: `server.limit` is a number out of range; write one from 0 to 65535"},
		{"negative", "version: 1\nserver: {host: a, limit: -1}\n", "2:26: `server.limit` is a number out of range; write one from 0 to 65535"},
		{"list for number", "version: [1]\n", "1:10: `version` must be a whole number, not a list; write it in digits"},
		{"truth for number", "version: true\n", "1:10: `version` must be a number, not true or false; write it in digits"},
		{"number for text", "version: 1\nlabel: 12\n", "2:8: `label` must be text, not a number; put it in quotes"},
		{"truth for text", "version: 1\nlist: [a, true]\n", "2:11: `list[1]` must be text, not true or false; put it in quotes"},
		{"date for text", "version: 1\nlabel: 2015-01-01\n", "2:8: `label` must be text, not a date; put it in quotes"},
		{"list for text", "version: 1\nlabel: [a]\n", "2:8: `label` must be text, not a list; write one value"},
		{"keys for text", "version: 1\nlabel: {a: b}\n", "2:8: `label` must be text, not keys with values; write one value"},
		{"yes for truth", "version: 1\nserver: {host: a, plain: yes}\n", "2:26: `server.plain` must be true or false, not text; write true or false, without quotes"},
		{"True for truth", "version: 1\nserver: {host: a, plain: True}\n", "2:26: `server.plain` must be true or false; write it in small letters and without quotes"},
		{"list for truth", "version: 1\nserver: {host: a, plain: []}\n", "2:26: `server.plain` must be true or false, not a list; write true or false"},
		{"text for list", "version: 1\nlist: a\n", "2:7: `list` must be a list, not text; write it as [one, two]"},
		{"text for keys", "version: 1\nserver: imap.example.org\n", "2:9: `server` must be keys with values, not text; write the keys below it, indented"},
		{"list for keys", "version: 1\nserver:\n  - host: a\n", "3:3: `server` must be keys with values, not a list; write the keys below it, indented"},
		{"list for map", "version: 1\nmap: [a]\n", "2:6: `map` must be keys with values, not a list; write the keys below it, indented"},
		{"number as key of a map", "version: 1\nwords: {1: []}\n", "2:9: a key must be text, not a number; put it in quotes"},
		{"list as key", "version: 1\n? [a]\n: b\n", "2:3: a key must be text, not a list; check the indentation"},
		{"nothing", "version: 1\nlabel:\n", "2:7: `label` has no value; give it a value, or remove the line"},
		{"group with all lines commented out", "version: 1\nserver:\n#  host: a\n", "2:1: `server.host` is missing; add a line like `host: imap.example.org`"},
		{"null for a group", "version: 1\nserver: ~\n", "2:9: `server` has no value; give it a value, or remove the line"},
		{"nothing in a list", "version: 1\nmany:\n- host: a\n-\n", "4:2: `many[1]` has no value; give it a value, or remove the line"},
		{"nothing for list", "version: 1\nlist:\n# - a\n", "2:6: `list` has no value; list something, write [] for none, or remove the line"},
		{"null", "version: 1\nlabel: ~\n", "2:8: `label` has no value; give it a value, or remove the line"},
		{"null in a list", "version: 1\nlist: [a, null]\n", "2:11: `list[1]` has no value; give it a value, or remove the line"},
		{"null for pointer", "version: 1\nother: null\n", "2:8: `other` has no value; give it a value, or remove the line"},
		{"span without unit", "version: 1\nserver: {host: a, timeout: 60}\n", "2:28: `server.timeout` must be a time span with its unit; write it like 90s, 5m or 1h30m"},
		{"list for span", "version: 1\nserver: {host: a, timeout: [60s]}\n", "2:28: `server.timeout` must be a single value, not a list; write one value"},
		{"date for time", "version: 1\ntime: 2015-01-01\n", "2:7: `time` must be a date and time; write it like 2026-01-31T20:00:00Z"},
		{"own words", "version: 1\ncolour: blue\n", "2:9: `colour`: this is no colour; write red"},
		{"list for own type", "version: 1\ncolour: {a: b}\n", "2:9: `colour` must be a single value, not keys with values; write one value"},

		{"guarded: text", "version: 1\nsource: hush\n", "2:9: `source` must say where it is; write {env: NAME}"},
		{"guarded: number", "version: 1\nsource: 12345\n", "2:9: `source` must say where it is; write {env: NAME}"},
		{"guarded: list", "version: 1\nsource: [hush]\n", "2:9: `source` must say where it is; write {env: NAME}"},
		{"guarded: nothing", "version: 1\nsource:\n", "2:8: `source` must say where it is; write {env: NAME}"},
		{"guarded: unknown key", "version: 1\nsource: {hush}\n", "2:10: unknown key in `source`; write {env: NAME}"},
		{"guarded: near key", "version: 1\nsource: {evn: hush}\n", "2:10: unknown key in `source`; did you mean `env`?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { faults(t, tt.text, tt.want) })
	}
}

// TestSyntax says where a file stops being YAML, without a word of what stands there.
func TestSyntax(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"tab", "version: 1\nserver:\n\thost: a\n", "3:1: a tab stands in the indentation; replace it by spaces"},
		{"tab after spaces", "version: 1\nserver:\n  \thost: a\n", "3:3: a tab stands in the indentation; replace it by spaces"},
		{"indentation", "version: 1\nserver:\n  host: a\n prot: 1\n", "4:2: the indentation does not fit the lines above; align the key with its neighbours, and check the quotes"},
		{"list indentation", "version: 1\nlist:\n  - a\n - b\n", "4:2: the indentation does not fit the lines above; align the key with its neighbours, and check the quotes"},
		{"two keys in a line", "version: 1\nlabel: a: b\n", "2:1: a `: ` stands where no key can be; check the indentation, and put text that holds `: ` in quotes"},
		{"no colon", "version: 1\nhush\nlabel: a\n", "2:1: this should be `key: value`; add the colon and a space, or check the indentation"},
		{"open quotes", "version: 1\nlabel: \"hush\nlist: [a]\nnotag: b\n", "2:1: quotes are opened here and never closed; close them"},
		{"quote inside quotes", "version: 1\nlabel: 'it's'\n", "2:1: the indentation does not fit the lines above; align the key with its neighbours, and check the quotes"},
		{"open bracket", "version: 1\nlist: [a, b\nlabel: x\n", "2:1: a list in brackets is not closed, or a comma is missing; check the `[`, `,` and `]`"},
		{"open brace", "version: 1\nserver: {host: a\n", "2:1: a group in braces is not closed, or a comma is missing; check the `{`, `,` and `}`"},
		{"reserved character", "version: 1\nlabel: @hush\n", "2:1: text cannot begin with this character; put the text in quotes"},
		{"escape", "version: 1\nlabel: \"hu\\sh\"\n", "2:1: double quotes hold an unknown escape; use single quotes, or write `\\\\` for a backslash"},
		{"control character", "version: 1\nlabel: hu\x07sh\n", "2:1: a control character stands here; remove it"},
		{"anchor without a name", "version: 1\nlabel: & hush\n", "2:1: `*` and `&` mean something in YAML; put text that begins with them in quotes"},
		{"tag without an end", "version: 1\nlabel: !<hush\n", "2:1: this is not YAML; check the indentation and the quotes of this line"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { faults(t, tt.text, tt.want) })
	}
}

func indented(deep int) string {
	var b strings.Builder
	for i := range deep {
		b.WriteString(strings.Repeat(" ", i+1) + "a:\n")
	}
	return b.String()
}

func faults(t *testing.T, text, want string) {
	t.Helper()
	_, d := decode(text)
	err := d.Err()
	if err == nil {
		t.Fatal("no fault")
	}
	want = "f.yaml:" + strings.ReplaceAll(want, "\n", "\nf.yaml:")
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	if strings.Contains(err.Error(), "hush") {
		t.Errorf("the fault shows what may be a secret: %v", err)
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	_, d := decode("server:\n  prot: 1\n  timeout: 60\n  host: 5\nlist: a\nmany: [{}, 7]\nlabel: x\nlabel: y\ncolour: blue\n")
	d.Add("notag", "later than all", "")
	d.Add("list", "a second fault of a value", "")
	d.Add("many[1].host", "a fault inside a faulty value", "")
	d.Add("label", "the first of two keys", "")
	d.Add("server.limit", "a key that is not there", "add it")
	err := d.Err()
	want := []string{
		"1:1: `version` is missing; add it", "1:1: later than all", "1:1: a key that is not there; add it",
		"2:3: unknown key `prot` in `server`; did you mean `port`?", "3:12: `server.timeout` must be a time span", "4:9: `server.host` must be text",
		"5:7: `list` must be a list", "6:8: `many[0].host` is missing", "6:12: `many[1]` must be keys", "8:1: the same key", "9:9: `colour`: this",
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d faults, want %d:\n%v", len(lines), len(want), err)
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, "f.yaml:"+want[i]) {
			t.Errorf("got  %s\nwant %s", line, want[i])
		}
	}
	if fs, ok := errors.AsType[Faults](err); !ok || fs[3] != (Fault{"f.yaml", 2, 3, "unknown key `prot` in `server`", "did you mean `port`?"}) {
		t.Errorf("%#v", err)
	}
}

func TestAddHasAndFaulty(t *testing.T) {
	_, d := decode("version: 1\nserver:\n  host: a\nmany:\n  - host: b\nmap:\n  x: {host: c}\n")
	for path, want := range map[string]bool{"": true, "server": true, "server.host": true, "server.port": false, "many[0]": true, "many[0].host": true, "many[1]": false, "map.x.host": true, "ma": false} {
		if d.Has(path) != want {
			t.Errorf("Has(%q) = %v", path, !want)
		}
	}
	for path, want := range map[string]string{"": "2:1", "server": "3:3", "server.host": "3:9", "server.port": "2:1", "many[0].port": "5:5", "map.x.host": "7:13", "map.x.port": "7:3", "nowhere.at.all": "1:1"} {
		line, column := d.Position(path)
		if path != "" && fmt.Sprintf("%d:%d", line, column) != want {
			t.Errorf("Position(%q) = %d:%d, want %s", path, line, column, want)
		}
	}
	if d.Faulty("") || d.Faulty("server") {
		t.Error("faulty before any fault")
	}
	d.Add("server.host", "is wrong", "mend it")
	for path, want := range map[string]bool{"": true, "server": true, "server.host": true, "server.host.x": true, "server.port": false, "many": false, "serve": false} {
		if d.Faulty(path) != want {
			t.Errorf("Faulty(%q) = %v", path, !want)
		}
	}
}

func TestChoice(t *testing.T) {
	for value, want := range map[string]string{
		"red":   "",
		"rde":   "f.yaml:2:8: `label` cannot be `rde`; did you mean `red`?",
		"black": "f.yaml:2:8: `label` cannot be `black`; write red or green",
		"":      "f.yaml:2:8: `label` is empty; write red or green",
	} {
		f, d := decode("version: 1\nlabel: \"" + value + "\"\n")
		d.Choice("label", f.Label, "red", "green")
		if err := d.Err(); (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%q: %v, want %s", value, err, want)
		}
	}
}

func TestNearest(t *testing.T) {
	keys := []string{"host", "port", "security", "server_name", "user", "env"}
	for word, want := range map[string]string{"prot": "port", "hots": "host", "Host": "host", "securtiy": "security", "servername": "server_name", "server-name": "server_name", "usr": "user", "evn": "env",
		"zebra": "", "": "", "x": "", strings.Repeat("host", 100): ""} {
		if got, _ := Nearest(word, keys); got != want {
			t.Errorf("Nearest(%.20q) = %q, want %q", word, got, want)
		}
	}
}

func TestManyFaultsAreBounded(t *testing.T) {
	_, d := decode("version: 1\nlist: [" + strings.Repeat("1, ", 2000) + "1]\n")
	fs, _ := errors.AsType[Faults](d.Err())
	lines := strings.Split(fs.Error(), "\n")
	if len(fs) != kept || len(lines) != shown+1 || lines[shown] != "f.yaml: and 950 more faults; mend these first" {
		t.Errorf("%d faults, %d lines, last %s", len(fs), len(lines), lines[len(lines)-1])
	}
}

func TestLongKeysAreBounded(t *testing.T) {
	long := strings.Repeat("k", 2000)
	_, d := decode("version: 1\nmap:\n  ? " + long + "\n  : {host: 1}\n  b: {host: 2}\n")
	if fs, _ := errors.AsType[Faults](d.Err()); len(fs) != 2 || len(fs[0].Text) > 200 {
		t.Errorf("%v", fs)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f.yaml")
	if err := os.WriteFile(path, []byte("version: 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var f file
	if d, err := (Format{Limit: 100}).Load(path, &f); err != nil || d.Err() != nil || f.Version != 7 {
		t.Errorf("%v, %v, %+v", err, d.Err(), f)
	}
	if d, err := (Format{Limit: 5}).Load(path, &f); err != nil || d.Err() == nil {
		t.Errorf("a file over the limit is read: %v", err)
	}
	if _, err := (Format{Limit: 100}).Load(filepath.Join(dir, "none.yaml"), &f); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "none.yaml") {
		t.Errorf("missing file: %v", err)
	}
	if _, err := (Format{Limit: 100}).Load(dir, &f); err == nil || !strings.Contains(err.Error(), "this is not a regular file; name a file") {
		t.Errorf("folder: %v", err)
	}
	if _, err := (Format{Limit: 100}).Load(os.DevNull, &f); err == nil {
		t.Error("a device is read")
	}
}

func TestMistakesOfTheProgramPanic(t *testing.T) {
	for name, into := range map[string]any{"no pointer": file{}, "nil": (*file)(nil), "no struct": new(int), "channel": &struct {
		Version chan int `yaml:"version"`
	}{}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			Format{Limit: 100}.Decode("f", []byte("version: 1\n"), into)
		}()
	}
}

func TestKeys(t *testing.T) {
	got := strings.Join(Keys(&file{}), " ")
	want := "version server server.host server.port server.timeout server.limit server.plain other other.host other.port other.timeout other.limit other.plain list " +
		"many many.host many.port many.timeout many.limit many.plain map map.host map.port map.timeout map.limit map.plain words time colour source source.env notag label"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "version: 1\n", "version: &a 1\nlist: [*a]\n", "a: b: c", "---\n---\n", "? [a]\n: b", "many:\n- {host: 1}\n- ~\n", "\"\\u0000\": 1", "!!map {a: 1}",
		"list: |\n  x\n", "#\n  - - #\n", "<<: [a]\n", "%YAML 1.1\n---\nversion: 1\n", "0: [:!00 \xef", "version: 1\rlabel: x\u2028list: []\n", strings.Repeat("[", 200)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var into file
		d := Format{Limit: 1 << 16}.Decode("f.yaml", data, &into)
		d.Add("server.host", "checked", "")
		err := d.Err()
		if err == nil {
			t.Fatal("no fault, though one was added")
		}
		if len(err.Error()) > 200*len(Faults{})+200_000 {
			t.Fatalf("%d bytes of error", len(err.Error()))
		}
		lines := 1 + strings.Count(string(data), "\n") + strings.Count(string(data), "\r") + strings.Count(string(data), "\u0085") + strings.Count(string(data), "\u2028") + strings.Count(string(data), "\u2029")
		for _, fault := range err.(Faults) {
			if fault.Line < 1 || fault.Column < 1 || fault.Line > lines+1 {
				t.Errorf("%q: a fault stands at %d:%d", data, fault.Line, fault.Column)
			}
			if strings.ContainsFunc(fault.Error(), func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Errorf("%q: control character in %q", data, fault.Error())
			}
		}
	})
}
