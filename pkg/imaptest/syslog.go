package imaptest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// syslog writes what a server says to syslog into its log file.
type syslog struct {
	conn *net.UnixConn
	file *os.File
	done chan struct{}
}

// serveSyslog reads dir/syslog as if it was /dev/log.
func serveSyslog(dir string) (*syslog, error) {
	path := filepath.Join(dir, "syslog")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o777); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return nil, err
	}
	s := &syslog{conn, file, make(chan struct{})}
	go s.run()
	return s, nil
}

func (s *syslog) run() {
	defer close(s.done)
	line := make([]byte, 64<<10)
	for {
		n, err := s.conn.Read(line)
		if err != nil {
			return
		}
		_, text, _ := bytes.Cut(line[:n], []byte(">")) // without its priority: "<21>Nov 22 ..."
		fmt.Fprintf(s.file, "%s\n", text)
	}
}

// Close ends it.
func (s *syslog) Close() error {
	s.conn.Close()
	<-s.done
	return s.file.Close()
}
