package memory

import "imapmigrate/pkg/mailbox"

// Restore brings a mailbox back to how it was when it had its first n messages, under the same UIDVALIDITY, as a backup that was put in its
// place: UIDNEXT and HIGHESTMODSEQ go back, and the UIDs after them will be given again. Whoever has it open is cut off.
func (a *Account) Restore(w mailbox.Wire, n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	old := a.mustFind(w)
	old.gone = true
	fresh := &box{wire: old.wire, role: old.role, validity: old.validity, next: 1, modseq: 1}
	for _, m := range old.messages[:n] {
		fresh.next = m.UID
		fresh.add(m.clone())
	}
	for i, b := range a.boxes {
		if b == old {
			a.boxes[i] = fresh
		}
	}
}
