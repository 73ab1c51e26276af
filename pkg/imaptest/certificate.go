package imaptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// authority signs the certificates of all servers in this process; made at first use.
var authority = &certificates{}

type certificates struct {
	once sync.Once
	err  error
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pem  []byte
}

// ClientTLS trusts every server of this process, scripted ones included.
func ClientTLS(serverName string) *tls.Config {
	roots := x509.NewCertPool()
	if authority.prepare() == nil {
		roots.AddCert(authority.cert)
	}
	return &tls.Config{RootCAs: roots, ServerName: serverName}
}

func (a *certificates) prepare() error {
	a.once.Do(func() { a.err = a.create() })
	return a.err
}

func (a *certificates) create() (err error) {
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: "imaptest authority"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		return err
	}
	a.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	a.cert, err = x509.ParseCertificate(der)
	return err
}

// file writes the authority's certificate into dir.
func (a *certificates) file(dir string) (string, error) {
	if err := a.prepare(); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "ca.pem")
	return path, os.WriteFile(path, a.pem, 0o644)
}

// issue makes a server certificate for localhost and 127.0.0.1, as PEM blocks.
func (a *certificates) issue(expired bool) (certPEM, keyPEM []byte, err error) {
	if err := a.prepare(); err != nil {
		return nil, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, serverTemplate(expired), a.cert, &key.PublicKey, a.key)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	certPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	return certPEM, keyPEM, err
}

func serverTemplate(expired bool) *x509.Certificate {
	t := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "localhost"},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if expired {
		t.NotBefore, t.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
	}
	return t
}

// serverFiles writes a fresh certificate as cert.pem, key.pem and, of both, both.pem into dir.
func (a *certificates) serverFiles(dir string, expired bool) error {
	cert, key, err := a.issue(expired)
	if err != nil {
		return err
	}
	both := append(append([]byte{}, key...), cert...)
	for name, content := range map[string][]byte{"cert.pem": cert, "key.pem": key, "both.pem": both} {
		// Readable by all: the servers read it after giving up their rights, and it is worth nothing.
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// serverTLS is a Go server's side with a fresh certificate.
func (a *certificates) serverTLS(expired bool) (*tls.Config, error) {
	cert, key, err := a.issue(expired)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	return &tls.Config{Certificates: []tls.Certificate{pair}}, err
}
