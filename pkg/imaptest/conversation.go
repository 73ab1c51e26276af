package imaptest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
)

// maxLiteral bounds what a scripted server reads of one literal.
const maxLiteral = 256 << 20

// Command is one command as a scripted server received it.
type Command struct {
	Connection int // 1 is the first
	Tag        string
	Line       string // without tag; of a literal only the head: `APPEND INBOX {12}`
	Literals   [][]byte
}

// Conversation is one connection of a scripted server, at the command that is to be answered.
type Conversation struct {
	Command
	script *Scripted
	raw    net.Conn // the TCP connection
	conn   net.Conn // the same, or TLS over it
	r      *bufio.Reader
}

// Send sends lines, each ended by CRLF; $tag in them is the command's tag.
func (c *Conversation) Send(lines ...string) {
	text := strings.Join(lines, "\r\n") + "\r\n"
	c.Raw(strings.ReplaceAll(text, "$tag", c.Tag))
}

// Raw sends bytes as they are. A client that has gone is noticed by the next read.
func (c *Conversation) Raw(text string) { io.WriteString(c.conn, text) }

// Sent sends bytes as they are and reports whether the client was still there to take them.
func (c *Conversation) Sent(text string) bool {
	_, err := io.WriteString(c.conn, text)
	return err == nil
}

// ReadLine reads one line that is no command, such as an answer in SASL or DONE. It is without its end.
func (c *Conversation) ReadLine() (string, error) {
	line, err := c.r.ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err
}

// Stall says nothing more and reads on, until the client closes the connection or the test ends.
func (c *Conversation) Stall() { io.Copy(io.Discard, c.r) }

// Close ends the connection: the client reads its end.
func (c *Conversation) Close() {
	if secure, ok := c.conn.(*tls.Conn); ok {
		secure.CloseWrite()
	}
	endWriting(c.raw)
	io.Copy(io.Discard, c.raw)
	c.raw.Close()
}

// Reset breaks the connection: the client reads "connection reset".
func (c *Conversation) Reset() { reset(c.raw) }

// StartTLS does the server's side of a handshake, with what the client has sent already.
func (c *Conversation) StartTLS() error {
	secure := tls.Server(&buffered{c.conn, c.r}, c.script.tls)
	if err := secure.Handshake(); err != nil {
		return err
	}
	c.conn, c.r = secure, bufio.NewReader(secure)
	return nil
}

// buffered is a connection of which some was read ahead.
type buffered struct {
	net.Conn
	r *bufio.Reader
}

func (b *buffered) Read(p []byte) (int, error) { return b.r.Read(p) }

// begin reads a command's first line, up to a literal if there is one.
func (c *Conversation) begin() error {
	line, err := c.ReadLine()
	if err != nil {
		return err
	}
	tag, rest, _ := strings.Cut(line, " ")
	c.Command = Command{Connection: c.Connection, Tag: tag, Line: rest}
	return nil
}

// complete reads the literals of a command that has begun, and what follows each.
func (c *Conversation) complete() error {
	part := c.Line
	for {
		size, ok := literalSize(part)
		if !ok {
			return nil
		}
		if !strings.HasSuffix(part, "+}") {
			c.Send("+ go ahead")
		}
		literal, err := c.readLiteral(size)
		if err != nil {
			return err
		}
		c.Literals = append(c.Literals, literal)
		if part, err = c.ReadLine(); err != nil {
			return err
		}
		c.Line += part
	}
}

func (c *Conversation) readLiteral(size int64) ([]byte, error) {
	if size > maxLiteral {
		return nil, fmt.Errorf("a literal of %d bytes", size)
	}
	literal := make([]byte, size)
	_, err := io.ReadFull(c.r, literal)
	return literal, err
}
