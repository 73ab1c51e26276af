package ledger

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
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
		m := enrolled(b, l, "INBOX")
		start := time.Now()
		copyAll(b, l, m, messages, batch)
		b.ReportMetric(float64(time.Since(start).Microseconds())/messages, "µs/message-written")
		start = time.Now()
		if err := l.Each(m, func(Row) error { return nil }); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(start).Nanoseconds())/messages, "ns/message-read")
		l.Close()
		b.ReportMetric(fileSize(b, path)/messages, "bytes/message")
	}
}

// BenchmarkMillion is the size of the largest accounts: how long it takes to open their ledger and to sum it up, and what it holds in memory
// (Go's own; the file is mapped and the system's to give and take).
func BenchmarkMillion(b *testing.B) {
	const messages, boxes = 1_000_000, 50
	path := filepath.Join(b.TempDir(), "a.ledger")
	l := create(b, path)
	for i := range boxes {
		live(b, l, enrolled(b, l, mailbox.Wire(fmt.Sprint("box", i))), messages/boxes, 5000)
	}
	l.Close()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for b.Loop() {
		start := time.Now()
		l, err := Open(path, options)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(start).Microseconds())/1e3, "ms-open")
		start = time.Now()
		all, err := l.Mailboxes()
		if err != nil || len(all) != boxes {
			b.Fatal(len(all), err)
		}
		for _, m := range all {
			if c, err := l.Counts(m); err != nil || c.Total.Messages != messages/boxes {
				b.Fatal(c, err)
			}
		}
		b.ReportMetric(float64(time.Since(start).Microseconds())/1e3, "ms-counts")
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(int64(after.HeapInuse)-int64(before.HeapInuse))/(1<<20), "MiB-heap")
		l.Close()
	}
	b.ReportMetric(fileSize(b, path)/messages, "bytes/message")
}

// BenchmarkGroupCommit says what a commit of one batch costs when several workers commit at the same time.
func BenchmarkGroupCommit(b *testing.B) {
	for _, workers := range []int{1, 4, 16} {
		b.Run(fmt.Sprintf("%d workers", workers), func(b *testing.B) {
			l := create(b, filepath.Join(b.TempDir(), "a.ledger"))
			var boxes []Mailbox
			for w := range workers {
				boxes = append(boxes, enrolled(b, l, mailbox.Wire(fmt.Sprint("box", w))))
			}
			commits := 0
			for b.Loop() {
				commits++
				var all sync.WaitGroup
				for _, m := range boxes {
					all.Go(func() {
						if err := l.Update(m, Row{UID: mailbox.UID(commits), Size: 1, Outcome: Copied, Dest: mailbox.UID(commits)}); err != nil {
							b.Error(err)
						}
					})
				}
				all.Wait()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(commits*workers), "µs/commit")
		})
	}
}
