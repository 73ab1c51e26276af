// Package subject owns the one line by which people know a message: it has it read from an account, a bounded stretch of the header and nothing
// else, and makes readable text of it. It decides nothing about mail, keeps nothing, and believes nothing of what it reads: what it gives is a
// stranger's text, to be made visible before it is shown.
package subject
