package ledger

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"imapmigrate/pkg/mailbox"
)

// BenchmarkHundredThousand takes 100,000 messages through what copy does (intents and outcomes in one commit a batch) and reads them all.
func BenchmarkHundredThousand(b *testing.B) {
	const messages, batch = 100_000, 200
	path := filepath.Join(b.TempDir(), "a.ledger")
	for b.Loop() {
		os.Remove(path)
		l := create(b, path)
		m, err := l.Enrol(Mailbox{Source: "INBOX", Validity: 1, Dest: "INBOX", DestValidity: 1})
		if err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		var settled []Row
		for first := 1; first <= messages; first += batch {
			intended := make([]Row, batch)
			for i := range intended {
				uid := mailbox.UID(first + i)
				intended[i] = Row{UID: uid, Size: 50_000, Date: noon, Flags: []mailbox.Flag{mailbox.Seen, "$Forwarded"}, Digest: mailbox.Digest{byte(uid), byte(uid >> 8)}}
			}
			if err := l.Commit(m, Commit{Settled: settled, Intended: intended, Fence: Fence{1, mailbox.UID(first)}}); err != nil {
				b.Fatal(err)
			}
			settled = intended
			for i := range settled {
				settled[i].Outcome, settled[i].Dest = Copied, settled[i].UID
			}
		}
		if err := l.Update(m, settled...); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(start).Microseconds())/messages, "µs/message-written")
		start = time.Now()
		if c, err := l.Counts(m); err != nil || c.Total.Messages != messages {
			b.Fatal(c, err)
		}
		b.ReportMetric(float64(time.Since(start).Nanoseconds())/messages, "ns/message-read")
		l.Close()
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(info.Size())/messages, "bytes/message")
	}
}
