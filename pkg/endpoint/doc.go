// Package endpoint owns the seam to one mail account: small interfaces that are rights, and the classes of its errors.
// It opens no connection and knows no protocol; endpoint/imap and endpoint/memory do, and endpointtest holds both to these comments.
//
// Contract for all of it:
//   - Every method may be called from several goroutines at once on an account; a Reader, Target or Remover belongs to one goroutine.
//   - Every wait ends with the context, and with the account's timeout when the server stays silent while an answer is owed.
//   - An error is an [*Error] or the context's. After Class [Lost] the Reader, Target or Remover is of no more use: close it and open a
//     new one; the account connects again by itself. Nothing is retried in here: see [Patience].
package endpoint
