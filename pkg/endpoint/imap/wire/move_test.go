package wire

import (
	"fmt"
	"testing"

	"imapmigrate/pkg/mailbox"
)

func TestCopyUIDs(t *testing.T) {
	asked := mailbox.SetOf(3, 4, 5, 9)
	for args, want := range map[string]string{
		"7 3:5,9 20:23":               "7 map[3:20 4:21 5:22 9:23]",
		"7 9,3:5 23,20:22":            "7 map[3:20 4:21 5:22 9:23]", // any order, pair by pair
		"7 4 100":                     "7 map[4:100]",
		"":                            "0 map[]",
		"7 3:5,9":                     "0 map[]",
		"0 3 20":                      "0 map[]",
		"7 3:5 20:21":                 "0 map[]",
		"7 3:4 20:22":                 "0 map[]",
		"7 6 20":                      "0 map[]",
		"7 3,3 20,21":                 "0 map[]",
		"7 3:* 20:*":                  "0 map[]",
		"7 5:3 20:22":                 "0 map[]",
		"7 0 0":                       "0 map[]",
		"7 1:4294967295 1:4294967295": "0 map[]",
		"-7 3 20":                     "0 map[]",
		"7 3 20 x":                    "0 map[]",
	} {
		m := copyUIDs(args, asked)
		if got := fmt.Sprint(uint32(m.Validity), " ", m.UIDs); got != want {
			t.Errorf("%q: %s, want %s", args, got, want)
		}
	}
}

func FuzzCopyUIDs(f *testing.F) {
	for _, s := range []string{"7 3:5,9 20:23", "7 1:4294967295 1:4294967295", "7 , ,"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, args string) {
		asked := mailbox.SetOf(3, 4, 5, 9)
		m := copyUIDs(args, asked)
		for from, to := range m.UIDs {
			if !asked.Contains(from) || to == 0 || m.Validity == 0 {
				t.Fatalf("%q: %d became %d", args, from, to)
			}
		}
	})
}
