package cli

import (
	"imapmigrate/pkg/survey"
	"imapmigrate/pkg/view"
)

// protection says how the way to a server is protected, and by which key.
func protection(s *survey.Survey) view.Finding {
	if s.Identity.Key == "" {
		return view.Finding{Topic: "security", Fact: "none", Meaning: "whoever is in between reads the password and all mail; use security tls or starttls if the server has it", Grave: true}
	}
	return view.Finding{Topic: "security", Fact: "TLS, public key " + s.Identity.Key, Meaning: "with these digits as pin_sha256 this key alone is trusted, whoever signs it"}
}
