package imaptest

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// serveLogins answers a server's login questions on a Unix socket in its folder: any user is known, with the one
// password. It stands in for saslauthd (Cyrus) and authdaemond (Courier), whose users are the whole machine's.
func serveLogins(path string, answer func(net.Conn) error) (*acceptor, error) {
	a, err := listen("unix", path)
	if err != nil {
		return nil, err
	}
	a.start(func(conn net.Conn) {
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		answer(conn) // an error closes the connection: to the server, a login that failed
	})
	return a, os.Chmod(path, 0o777)
}

// answerSASL speaks saslauthd's protocol: user, password, service and realm, each after its length in two bytes;
// the answer likewise.
func answerSASL(conn net.Conn) error {
	var fields [4]string
	for i := range fields {
		var size uint16
		if err := binary.Read(conn, binary.BigEndian, &size); err != nil {
			return err
		}
		field := make([]byte, size)
		if _, err := io.ReadFull(conn, field); err != nil {
			return err
		}
		fields[i] = string(field)
	}
	answer := "NO"
	if fields[1] == Password {
		answer = "OK"
	}
	_, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
	return err
}

// answerCourier gives the answers of authdaemond's protocol, for accounts below mail: lines about the connection
// ("TCPREMOTEIP=..."), then "AUTH size" and that many bytes, the lines service, kind, user and password.
func answerCourier(mail string, owner *credential) func(net.Conn) error {
	uid, gid := owner.ids()
	return func(conn net.Conn) error {
		lines, err := courierRequest(bufio.NewReader(conn))
		if err != nil {
			return err
		}
		if len(lines) < 4 || lines[1] != "login" || lines[3] != Password {
			_, err = io.WriteString(conn, "FAIL\n")
			return err
		}
		user := lines[2]
		_, err = fmt.Fprintf(conn, "UID=%d\nGID=%d\nHOME=%s/%s\nADDRESS=%s\nMAILDIR=%s/%s/Maildir\n.\n",
			uid, gid, mail, user, user, mail, user)
		return err
	}
}

func courierRequest(r *bufio.Reader) ([]string, error) {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		head, found := strings.CutPrefix(strings.TrimSpace(line), "AUTH ")
		if !found {
			continue
		}
		size, err := strconv.ParseUint(head, 10, 16)
		if err != nil {
			return nil, err
		}
		body := make([]byte, size)
		_, err = io.ReadFull(r, body)
		return strings.Split(string(body), "\n"), err
	}
}
