package main

import (
	"bufio"
	"io"
	"net"
	"regexp"
	"sync"
	"testing"
)

var appendUID = regexp.MustCompile(`^(\S+ OK )\[APPENDUID [^]]*\] `)

// forgetful stands in front of a server and takes the UIDs out of its answers to APPEND: Dovecot gives them even where it does not say that
// it has UIDPLUS. It returns the address to connect to.
func forgetful(tb testing.TB, server string) (address string) {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() { forget(client, server) })
		}
	})
	tb.Cleanup(func() {
		_ = listener.Close()
		open.Wait() // the program has ended, so its connections have too
	})
	return listener.Addr().String()
}

func forget(client net.Conn, server string) {
	defer client.Close()
	behind, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(behind, client)
		_ = behind.Close()
	}()
	answers := bufio.NewReaderSize(behind, 64<<10)
	out := bufio.NewWriter(client)
	for {
		line, err := answers.ReadSlice('\n')
		if _, err := out.Write(appendUID.ReplaceAll(line, []byte("$1"))); err != nil {
			return
		}
		if answers.Buffered() == 0 && out.Flush() != nil {
			return
		}
		if err != nil && err != bufio.ErrBufferFull {
			_ = out.Flush()
			return
		}
	}
}
