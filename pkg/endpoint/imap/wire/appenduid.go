package wire

import (
	"strconv"
	"strings"

	"imapmigrate/pkg/mailbox"
)

// appendUIDs reads [APPENDUID uidvalidity uid-set] (RFC 4315 section 3; RFC 3502 section 6.4) for n messages: as many UIDs, each larger
// than the one before. Anything else is nil: the messages have to be found. A set is never counted out beyond n.
func appendUIDs(answer status, n int) (mailbox.UIDValidity, []mailbox.UID) {
	words := strings.Fields(answer.args)
	if answer.code != "APPENDUID" || len(words) != 2 {
		return 0, nil
	}
	validity := nonZero(words[0])
	if validity == 0 {
		return 0, nil
	}
	uids := make([]mailbox.UID, 0, n)
	for part := range strings.SplitSeq(words[1], ",") {
		first, last, isRange := strings.Cut(part, ":")
		low, high := nonZero(first), nonZero(first)
		if isRange {
			high = nonZero(last)
		}
		// A range of RFC 9051 may be written either way round; the order of the messages is then not known.
		if low == 0 || high < low || uint64(high-low) >= uint64(n-len(uids)) || len(uids) > 0 && mailbox.UID(low) <= uids[len(uids)-1] {
			return 0, nil
		}
		for u := uint64(low); u <= uint64(high); u++ {
			uids = append(uids, mailbox.UID(u))
		}
	}
	if len(uids) != n {
		return 0, nil
	}
	return mailbox.UIDValidity(validity), uids
}

// nonZero is a number of RFC 9051 section 9 (nz-number), 0 for anything else.
func nonZero(s string) uint32 {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0
	}
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
