package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"imapmigrate/pkg/imaptest"
)

// raw is an IMAP connection with nothing in between.
type raw struct {
	conn net.Conn
	r    *bufio.Reader
	w    *bufio.Writer
	tag  int
}

func dialRaw(addr, user string) (*raw, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	c := &raw{conn: conn, r: bufio.NewReaderSize(conn, 256<<10), w: bufio.NewWriterSize(conn, 256<<10)}
	if _, err := c.r.ReadSlice('\n'); err != nil {
		return nil, err
	}
	return c, c.do(fmt.Sprintf("LOGIN %s %s", user, imaptest.Password), nil)
}

// do runs one command; untagged sees each line that is no literal's head.
func (c *raw) do(command string, untagged func(line []byte)) error {
	if err := c.send(command); err != nil {
		return err
	}
	return c.wait(untagged)
}

func (c *raw) send(command string) error {
	c.tag++
	fmt.Fprintf(c.w, "t%d %s\r\n", c.tag, command)
	return c.w.Flush()
}

// wait reads up to the next tagged line.
func (c *raw) wait(untagged func(line []byte)) error {
	for {
		line, err := c.r.ReadSlice('\n')
		switch {
		case err != nil:
			return err
		case line[0] == 't':
			if !bytes.Contains(line[:min(len(line), 16)], []byte(" OK")) {
				return fmt.Errorf("the server says %q", line)
			}
			return nil
		case untagged != nil:
			untagged(line)
		}
	}
}

// examine opens a mailbox and says how many messages it has.
func (c *raw) examine(mailbox string) (n int, err error) {
	err = c.do("EXAMINE "+imaptest.Quote(mailbox), func(line []byte) {
		if f := strings.Fields(string(line)); len(f) == 3 && f[2] == "EXISTS" {
			n, _ = strconv.Atoi(f[1])
		}
	})
	return n, err
}

// inFlight is how many FETCH commands are under way at a time.
const inFlight = 4

// fetch reads messages first to last of the open mailbox, window by window. visit gets the line up to the literal,
// which lasts until it reads the literal's size bytes. Answers to several commands may come mixed.
func (c *raw) fetch(first, last, window int, visit func(head []byte, size int, content io.Reader) error) error {
	next, open := first, 0
	for next <= last || open > 0 {
		for ; next <= last && open < inFlight; open++ {
			if err := c.send(fmt.Sprintf("FETCH %d:%d (UID FLAGS INTERNALDATE BODY.PEEK[])", next, min(last, next+window-1))); err != nil {
				return err
			}
			next += window
		}
		if err := c.window(visit); err != nil {
			return err
		}
		open--
	}
	return nil
}

// window reads the answers up to the end of one command.
func (c *raw) window(visit func(head []byte, size int, content io.Reader) error) error {
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if line[0] == 't' {
			if !bytes.Contains(line[:min(len(line), 16)], []byte(" OK")) {
				return fmt.Errorf("the server says %q", line)
			}
			return nil
		}
		open := bytes.LastIndexByte(line, '{')
		if open < 0 || !bytes.HasSuffix(line, []byte("}\r\n")) {
			continue
		}
		size, err := strconv.Atoi(string(line[open+1 : len(line)-3]))
		if err != nil {
			return err
		}
		if err := visit(line[:open], size, c.r); err != nil {
			return err
		}
	}
}

// between is what stands in line between two words, nil if it is not there.
func between(line []byte, begin, end string) []byte {
	i := bytes.Index(line, []byte(begin))
	if i < 0 {
		return nil
	}
	rest := line[i+len(begin):]
	if j := bytes.Index(rest, []byte(end)); j >= 0 {
		return rest[:j]
	}
	return nil
}
