// Package copier owns the walk of a plan: it reads source messages, records the intent, appends them, and records what became of each.
// It never changes the source, never removes anything anywhere, and never sends a message again while it may already be there.
package copier
