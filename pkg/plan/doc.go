// Package plan owns the decision where each source mailbox goes, and the file a person reads, edits and approves it in.
// It does no I/O beyond the reader and writer it is handed, opens no connection, and changes no account: the copier runs plans.
//
// Rules, in the order in which they are asked (the first that fits decides, and its reason stands beside the mailbox):
//
//  1. What is not there, another user's or shared, excluded, or not included, is skipped; so is a view (\All, \Flagged) when a scan has
//     found the like of each of its messages in a mailbox that is copied, and nobody names it.
//  2. An explicit map of the configuration.
//  3. INBOX goes to INBOX.
//  4. A role goes to the destination's mailbox with that role (special use first, well-known names where a side marks none).
//  5. A child follows its parent.
//  6. The name itself: the source's personal prefix goes, the destination's comes, each part is made fit for the destination.
//
// Two source mailboxes never come to share a destination unless the map says so: the later one gets a suffix, and the reason says why.
package plan
