package config_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"imapmigrate/pkg/config"
	"imapmigrate/pkg/endpoint"
	"imapmigrate/pkg/plan"
	"imapmigrate/pkg/survey"
)

// TestPatternsAreThoseOfThePlan: what the configuration accepts, the planner can use, and the other way round. Config cannot ask plan, which
// stands above it, so the two readings of patterns could drift apart.
func TestPatternsAreThoseOfThePlan(t *testing.T) {
	const head = "version: 1\nname: a\nsource: {host: a, user: a, auth: {password: {prompt: true}}}\ndestination: {host: b, user: b, auth: {password: {prompt: true}}}\n"
	empty := func(host string) *survey.Survey {
		return &survey.Survey{Identity: endpoint.Identity{Host: host}, Namespaces: endpoint.Namespaces{Personal: []endpoint.Namespace{{Delimiter: "/"}}}}
	}
	agree := func(what, yaml string, rules plan.Rules) {
		t.Helper()
		rules.Name = "a"
		_, ours := config.Parse("f", []byte(head+yaml))
		_, theirs := plan.Build(empty("a"), empty("b"), rules, time.Time{})
		if (ours == nil) != (theirs == nil) {
			t.Errorf("%s: config says %v, plan says %v", what, ours, theirs)
		}
	}
	var patterns []string
	for level := []string{""}; len(level[0]) < 5; {
		var longer []string
		for _, p := range level {
			for _, c := range `a*/\` {
				longer = append(longer, p+string(c))
			}
		}
		patterns, level = append(patterns, longer...), longer
	}
	for _, p := range patterns {
		agree(p, fmt.Sprintf("mailboxes: {include: [%s]}\n", strconv.Quote(p)), plan.Rules{Include: []string{p}})
	}
	for _, from := range []string{"re:", "re:a(b)(?P<c>d)?", "re:(", "re:a{2000}", "re:a/**", "re:\\", "a"} {
		agree(from, fmt.Sprintf("mailboxes: {exclude: [%s]}\n", strconv.Quote(from)), plan.Rules{Exclude: []string{from}})
		for _, to := range []string{"a", "$1", "${2}x", "$3", "$c", "${d}", "$$1", "$", "a*", "", "$1/$2", "re:a"} {
			agree(from+" to "+to, fmt.Sprintf("mailboxes: {map: [{from: %s, to: %s}]}\n", strconv.Quote(from), strconv.Quote(to)), plan.Rules{Map: []plan.MapRule{{From: from, To: to}}})
		}
	}
	for _, from := range patterns[:84] {
		for _, to := range []string{"a", "*", "a/*", "**", "a/**", "*/*", "*/**", "*a*", "/"} {
			agree(from+" to "+to, fmt.Sprintf("mailboxes: {map: [{from: %s, to: %s}]}\n", strconv.Quote(from), strconv.Quote(to)), plan.Rules{Map: []plan.MapRule{{From: from, To: to}}})
		}
	}
}
