package config

import (
	"fmt"
	"slices"

	"imapmigrate/pkg/sshsig"
)

// Approvers are those whose signatures an approval needs. Without keys none is needed, and a typed phrase is enough.
type Approvers struct {
	Needed int      `yaml:"needed"` // how many different ones have to sign
	Keys   []string `yaml:"keys"`   // SSH public keys, each as it stands in its .pub file
}

// Fingerprints are those of the keys, sorted, as ssh-keygen -l shows them.
func (a Approvers) Fingerprints() []string {
	var all []string
	for _, key := range a.Keys {
		if f, err := sshsig.Fingerprint(key); err == nil { // others are faults, which no configuration has
			all = append(all, f)
		}
	}
	slices.Sort(all)
	return all
}

// approvers wants keys that count, each once, and no more signatures than there are keys.
func (k checker) approvers(a Approvers) {
	seen := map[string]int{}
	for i, key := range a.Keys {
		path := fmt.Sprintf("approvers.keys[%d]", i)
		if !k.sound(path) {
			continue
		}
		f, err := sshsig.Fingerprint(key)
		if err != nil {
			k.add(path, "does not count: "+err.Error())
			continue
		}
		if before, twice := seen[f]; twice {
			line, _ := k.d.Position(fmt.Sprintf("approvers.keys[%d]", before))
			k.add(path, fmt.Sprintf("is the same key as in line %d; one person cannot sign for two", line))
		}
		seen[f] = i
	}
	if !k.sound("approvers.needed") {
		return
	}
	switch {
	case a.Needed < 1:
		k.add("approvers.needed", "must be 1 at least; remove the line, or remove the keys when no signature is wanted")
	case !k.d.Faulty("approvers.keys") && a.Needed > max(1, len(a.Keys)):
		k.add("approvers.needed", fmt.Sprintf("is %d, and %d keys are listed; add keys, or write a smaller number", a.Needed, len(a.Keys)))
	}
}
