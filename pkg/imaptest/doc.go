// Package imaptest owns the IMAP peers that tests talk to: real servers (Dovecot, Cyrus, Courier) started
// for one test binary, a scripted server that misbehaves as told, and a proxy that breaks connections.
// It knows nothing of the code under test and imports none of it, so that a fault there cannot hide here.
//
//	func TestMain(m *testing.M) { imaptest.Main(m) }
//
//	func TestCopy(t *testing.T) {
//		source := imaptest.Dovecot(t, imaptest.DovecotOptions{Separator: ".", Prefix: "INBOX."}).NewUser(t)
//		destination := imaptest.Cyrus(t).NewUser(t)
//		...
//	}
//
// Everything is private to the process: free loopback ports, one temporary folder a server, no global file.
// The servers come from Debian 12's packages; install.sh beside this file puts them in place. Where a server
// is missing its tests are skipped with the reason, and fail under IMAPMIGRATE_REQUIRE_SERVERS=1.
//
// A server's background goroutines live until it is stopped, so a leak check (goleak) has to be taken
// relative to what runs when the test begins: goleak.IgnoreCurrent after the servers have been started.
package imaptest
