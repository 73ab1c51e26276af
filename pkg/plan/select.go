package plan

import "imapmigrate/pkg/mailbox"

// Select makes a test for mailboxes out of patterns, read as `include` reads them: what one names is taken, with all that lies below it.
// Without patterns everything is taken. The error names each pattern that cannot be read.
func Select(what string, texts []string) (func(mailbox.Name) bool, error) {
	patterns, err := parsePatterns(what, texts)
	if err != nil {
		return nil, err
	}
	return func(n mailbox.Name) bool {
		if len(patterns) == 0 {
			return true
		}
		for _, p := range patterns {
			for i := len(n); i > 0; i-- {
				if _, ok := p.match(n[:i]); ok {
					return true
				}
			}
		}
		return false
	}, nil
}
