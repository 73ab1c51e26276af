package wire

import "testing"

// FuzzInternalDate: what can be read of a server's date can be written to another, and means the same moment.
func FuzzInternalDate(f *testing.F) {
	for _, seed := range []string{" 3-Feb-2020 04:05:06 -0330", "03-FEB-2020 04:05:06 +0000", "31-Dec-9999 23:59:59 -2359", "01-Jan-0001 00:00:00 +0000", "00-Jan-0000 00:00:00 +0000", "17-Jul-1996 02:44:25 +9959", "Mon,  3 Feb 2020 04:05:06 +0100", "", "NIL", "03-Feb-2020 04:05:06 GMT"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		date := parseDate(text)
		if date.IsZero() {
			return
		}
		written, err := internalDate(date)
		if err != nil {
			if year := date.UTC().Year(); year >= 1 && year <= 9999 && date.Year() >= 1 && date.Year() <= 9999 {
				t.Errorf("%q is read as %v and cannot be written: %v", text, date, err)
			}
			return
		}
		if again := parseDate(written[2 : len(written)-1]); !again.Equal(date) {
			t.Errorf("%q is read as %v, written as %s, and read back as %v", text, date, written, again)
		}
	})
}
