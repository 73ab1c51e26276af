package message

import (
	"fmt"
	"strings"
	"time"
)

// Date is an internal date that something has stumbled over.
type Date struct {
	Text    string // as INTERNALDATE writes it (RFC 9051 section 9, date-time, without the quotes)
	Time    time.Time
	Awkward string
}

// Dates are awkward internal dates.
func Dates() []Date {
	dates := []Date{
		{Text: " 1-Jan-2010 00:00:00 +0000", Awkward: "a day of one digit"},
		{Text: "29-Feb-2000 12:00:00 +0000", Awkward: "a leap day"},
		{Text: "24-Dec-1960 18:00:00 +0100", Awkward: "before 1970"},
		{Text: "31-Dec-1969 23:59:59 +0000", Awkward: "one second before 1970"},
		{Text: " 1-Jan-1970 00:00:00 +0000", Awkward: "zero seconds since 1970"},
		{Text: "14-Jul-2014 10:15:00 +0545", Awkward: "Nepal"},
		{Text: "14-Jul-2014 10:15:00 -0330", Awkward: "Newfoundland"},
		{Text: "14-Jul-2014 10:15:00 +1400", Awkward: "the first zone to see a new day"},
		{Text: "14-Jul-2014 10:15:00 -1200", Awkward: "the last zone"},
		{Text: "14-Jul-2014 10:15:00 -0000", Awkward: "no zone known"},
		{Text: "31-Mar-2024 01:59:59 +0100", Awkward: "the last second of winter in Berlin"},
		{Text: "31-Mar-2024 03:00:00 +0200", Awkward: "the next second, in summer"},
		{Text: "27-Oct-2024 02:30:00 +0200", Awkward: "02:30 in summer"},
		{Text: "27-Oct-2024 02:30:00 +0100", Awkward: "02:30 again, an hour later, in winter"},
		{Text: "19-Jan-2038 03:14:08 +0000", Awkward: "2 to the power of 31 seconds since 1970, in the future"},
	}
	for i, d := range dates {
		t, err := time.Parse("_2-Jan-2006 15:04:05 -0700", d.Text)
		if err != nil {
			panic(err) // the table above is wrong
		}
		dates[i].Time = t
	}
	return dates
}

// Flags is a set of flags that something has stumbled over.
type Flags struct {
	Set     []string
	Awkward string
}

// FlagSets are awkward sets of flags. All can be written as RFC 9051 wants them; servers refuse some.
func FlagSets() []Flags {
	many := make([]string, 30)
	for i := range many {
		many[i] = fmt.Sprintf("Project%02d", i)
	}
	return []Flags{
		{nil, "none"},
		{[]string{`\Answered`, `\Deleted`, `\Draft`, `\Flagged`, `\Seen`}, "all system flags"},
		{[]string{`\Seen`, "$Forwarded", "$MDNSent"}, "registered keywords"},
		{[]string{"NonJunk", "$label1", "$Label5"}, "Thunderbird's, in mixed case"},
		{[]string{"Work", "to-do_1.2", "x/y", "a:b", "[x"}, "characters that an atom may have"},
		{[]string{"NIL", "123"}, "atoms that read like something else"},
		{[]string{strings.Repeat("Long", 25)}, "a keyword of 100 characters"},
		{many, "more keywords than fit into 26 letters"},
	}
}
