// Package checkpoint owns the exact list of what may be removed: from the ledger, those messages whose copies were proved by content, as
// explicit UID sets with a digest over everything they stand for. It removes nothing, approves nothing, and reaches no network.
package checkpoint
