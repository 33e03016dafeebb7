// Package smtpdtest runs a real SMTP server (Debian's python3-aiosmtpd) for
// tests, as a process of the user's on a free port. It must not know who sends.
package smtpdtest

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/json"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/credential/credentialtest"
	"github.com/stratuslab/stratus/lib/peers"
)

//go:embed smtpd.py
var script string

// Options are how a server behaves.
type Options struct {
	TLS            string   // "none", "starttls" or "implicit"
	Certificate    string   // path of a PEM file with the certificate and its key
	User, Password string   // the login; without a user, none is needed
	Without        []string // mechanisms of AUTH that it does not have
	Refuse         string   // an address for which it refuses mail
	Hang           bool     // never to answer once it has a mail
}

// Mail is a mail that was taken.
type Mail struct {
	From string   `json:"from"` // of the envelope
	To   []string `json:"to"`   // of the envelope
	TLS  bool     `json:"tls"`
	User string   `json:"user"` // who logged in
	Data []byte   `json:"data"` // as it came
}

// Server is a running server.
type Server struct {
	Port  string
	lines *bufio.Reader
}

// Start starts a server, which ends with the test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	args := []string{"-c", script, "--tls", o.TLS, "--certificate", o.Certificate, "--user", o.User, "--refuse", o.Refuse}
	if o.Hang {
		args = append(args, "--hang")
	}
	for _, mechanism := range o.Without {
		args = append(args, "--without", mechanism)
	}
	cmd := peers.Python(t, "aiosmtpd", args...) // its end is its input's
	cmd.Env = append(os.Environ(), "SMTPD_PASSWORD="+o.Password)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &Server{lines: bufio.NewReader(stdout)}
	t.Cleanup(func() {
		_ = stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the SMTP server: %v\n%s", err, errs.String())
		}
	})
	line, err := s.lines.ReadString('\n')
	if err != nil {
		t.Fatalf("starting the SMTP server: %v", err)
	}
	s.Port = strings.TrimSpace(line)
	return s
}

// Next waits for the next mail that the server accepts. The server reports a mail
// before it answers the client.
func (s *Server) Next(t testing.TB) Mail {
	t.Helper()
	line, err := s.lines.ReadBytes('\n')
	if err != nil {
		t.Fatalf("waiting for a mail: %v", err)
	}
	var m Mail
	if err := json.Unmarshal(line, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// Certificate makes a certificate of its own authority for 127.0.0.1 and
// localhost. It returns two files: one for the server, with the key, and one for
// clients that trust it.
func Certificate(t testing.TB) (server, root string) {
	t.Helper()
	id := credentialtest.SelfSigned(t, x509.Certificate{
		Subject: pkix.Name{CommonName: "mail server of a test"},
		IsCA:    true, BasicConstraintsValid: true,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}, nil)
	return credentialtest.Write(t, "server.pem", id.KeyPEM(t), id.CertificatePEM()), credentialtest.Write(t, "root.pem", id.CertificatePEM())
}
