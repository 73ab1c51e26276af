package survey_test

import (
	"flag"
	"fmt"
	"runtime"
	"testing"
	"time"

	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/event"
	"imapmigrate/pkg/imaptest"
	"imapmigrate/pkg/survey"
)

var scale = flag.Int("scale", 20, "messages in each of the 500 mailboxes that BenchmarkLargeAccount looks into; 400 is an account of 200,000")

// BenchmarkLargeAccount surveys an account of 500 mailboxes on a real server and looks into each, as plan does:
//
//	go test ./pkg/survey -run '^$' -bench LargeAccount -benchtime 1x -scale 400
func BenchmarkLargeAccount(b *testing.B) {
	server := imaptest.Dovecot(b, imaptest.DovecotOptions{Separator: "/", Storage: "sdbox", NoFsync: true})
	user := server.NewUser(b)
	c := user.Dial(b)
	defer c.Close()
	messages := make([]imaptest.RawMessage, *scale)
	for i := range messages {
		messages[i] = imaptest.RawMessage{Flags: []string{`\Seen`}, Date: noon.Add(time.Duration(i) * time.Minute), Body: []byte(fmt.Sprintf("Subject: %d\r\n\r\nbody\r\n", i))}
	}
	for i := range 500 {
		name := fmt.Sprintf("Projects/%d", i)
		c.Create(name)
		c.Fill(name, messages)
	}
	a := login(b, server, user)
	for b.Loop() {
		s, err := survey.Take(b.Context(), a.Source(), event.Discard, time.Now)
		if err != nil {
			b.Fatal(err)
		}
		q := survey.Question{Workers: 2, Patience: endpoint.DefaultPatience}
		for _, m := range s.Mailboxes {
			q.Mailboxes = append(q.Mailboxes, survey.Asked{Wire: m.Wire, Limit: -1})
		}
		if err := s.Scan(b.Context(), a.Source(), q, event.Discard, time.Now); err != nil {
			b.Fatal(err)
		}
		total := int64(0)
		for _, c := range s.Contents {
			total += c.Messages
		}
		if total != int64(500**scale) {
			b.Fatalf("%d messages", total)
		}
		b.ReportMetric(float64(total), "messages")
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.Sys)/(1<<20), "MiB-sys")
}
