// Package auth owns secrets and what is done with them to log in: where a password or token comes from, how it stays out of every output,
// and which login a server is offered. It opens no connection to a mail server, keeps nothing, and never prints a secret.
package auth
