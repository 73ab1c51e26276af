package wire

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recorded is where dialogues with real and odd servers are kept, in the peer's notation.
const recorded = "../../../../testdata/wire"

// seeds are the servers' sides of the recorded dialogues, each whole and line by line.
func seeds(tb testing.TB) (streams []string) {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(recorded, "*.txt"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("no dialogues in %s (%v)", recorded, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		streams = append(streams, serverSide(string(content))...)
	}
	return streams
}

func serverSide(dialogue string) []string {
	var whole strings.Builder
	var lines []string
	for line := range strings.Lines(dialogue) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "S: "):
			line = controls.Replace(line[3:]) + "\r\n"
		case strings.HasPrefix(line, "S~ "):
			line = controls.Replace(line[3:])
		default:
			continue
		}
		line = strings.ReplaceAll(line, "$ ", "W1 ")
		whole.WriteString(line)
		lines = append(lines, line)
	}
	return append(lines, whole.String())
}
