package notify

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/stratus-create-image/internal/notify/smtpdtest"
)

const secret = "hunter2 é=\"" // in more than ASCII

// peer is a server and what reaches it.
func peer(t *testing.T, o smtpdtest.Options) (*smtpdtest.Server, *SMTP) {
	t.Helper()
	var root string
	if o.TLS != "none" {
		o.Certificate, root = smtpdtest.Certificate(t)
	}
	server := smtpdtest.Start(t, o)
	scheme, host := "smtp", "127.0.0.1"
	switch o.TLS {
	case "none":
		host = "localhost"
	case "implicit":
		scheme = "smtps"
	}
	s := &SMTP{Username: o.User, Password: o.Password, Limit: time.Minute, Roots: x509.NewCertPool()}
	var err error
	if s.Server, err = ParseServer(scheme + "://" + host + ":" + server.Port); err != nil {
		t.Fatal(err)
	}
	if root != "" {
		pem, err := os.ReadFile(root)
		if err != nil {
			t.Fatal(err)
		}
		s.Roots.AppendCertsFromPEM(pem)
	}
	return server, s
}

func compose(t *testing.T) *Message {
	t.Helper()
	m, err := Compose(content(t))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestSend sends through a server in every way that it can be reached, and reads
// there what came.
func TestSend(t *testing.T) {
	for name, o := range map[string]smtpdtest.Options{
		"STARTTLS":                         {TLS: "starttls"},
		"STARTTLS, password":               {TLS: "starttls", User: "jane", Password: secret},
		"STARTTLS, password by AUTH LOGIN": {TLS: "starttls", User: "jane", Password: secret, Without: []string{"PLAIN"}},
		"TLS from the start":               {TLS: "implicit"},
		"TLS from the start, password":     {TLS: "implicit", User: "jane", Password: secret},
		"localhost":                        {TLS: "none"},
		"localhost, password":              {TLS: "none", User: "jane", Password: secret},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, s := peer(t, o)
			m := compose(t)
			if err := s.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			got := server.Next(t)
			if !bytes.Equal(got.Data, m.Bytes()) {
				t.Errorf("not what was composed (-want +got):\n%s", cmp.Diff(string(m.Bytes()), string(got.Data)))
			}
			if diff := cmp.Diff(expected(content(t)), smtpdtest.Parse(t, got.Data)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			got.Data = nil
			want := smtpdtest.Mail{
				From: "builds@example.org",
				To:   []string{"jane@example.org"},
				TLS:  o.TLS != "none",
				User: o.User,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestRefused meets servers that do not take the mail, or must not have it.
func TestRefused(t *testing.T) {
	for name, test := range map[string]struct {
		options smtpdtest.Options
		change  func(*SMTP)
		want    string // in the error
	}{
		"wrong password": {smtpdtest.Options{TLS: "starttls", User: "jane", Password: "other"}, nil,
			"refuses the user name or the password: 535"},
		"wrong password by AUTH LOGIN": {smtpdtest.Options{TLS: "implicit", User: "jane", Password: "other",
			Without: []string{"PLAIN"}}, nil, "refuses the user name or the password: 535"},
		"no password": {smtpdtest.Options{TLS: "starttls", User: "jane", Password: "other"},
			func(s *SMTP) { s.Username, s.Password = "", "" }, "530"},
		"no such recipient": {smtpdtest.Options{TLS: "starttls", Refuse: "jane@example.org"}, nil,
			`RCPT TO command: 550 "5.1.1 no such user here"`},
		"unknown authority": {smtpdtest.Options{TLS: "starttls", User: "jane", Password: secret},
			func(s *SMTP) { s.Roots = x509.NewCertPool() }, "signed by unknown authority"},
		"unknown, TLS first": {smtpdtest.Options{TLS: "implicit", User: "jane", Password: secret},
			func(s *SMTP) { s.Roots = nil }, "signed by unknown authority"},
		"no STARTTLS": {smtpdtest.Options{TLS: "none", User: "jane", Password: secret},
			func(s *SMTP) { s.Server.Host = "127.0.0.1" }, "does not support STARTTLS"},
		"no TLS at all": {smtpdtest.Options{TLS: "none"}, func(s *SMTP) { s.Server.TLS = true },
			"tls: first record does not look like a TLS handshake"},
		"no way to log in": {smtpdtest.Options{TLS: "starttls", Without: []string{"PLAIN", "LOGIN"}},
			func(s *SMTP) { s.Username, s.Password = "jane", secret }, "want PLAIN or LOGIN"},
		"another host's name": {smtpdtest.Options{TLS: "starttls"}, func(s *SMTP) { s.Server.Host = "127.0.0.2" },
			"127.0.0.2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, s := peer(t, test.options)
			if s.Password != "" {
				s.Password = secret
			}
			if test.change != nil {
				test.change(s)
			}
			err := s.Send(t.Context(), compose(t))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}

// TestSlow meets servers that never answer: one that hangs with the mail, and
// one that accepts connections and does not even greet.
func TestSlow(t *testing.T) {
	_, hangs := peer(t, smtpdtest.Options{TLS: "starttls", Hang: true})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	silent := &SMTP{Server: Server{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port}}
	first := &SMTP{Server: Server{Host: "127.0.0.1", Port: silent.Server.Port, TLS: true}}
	for name, s := range map[string]*SMTP{"hangs with the mail": hangs, "does not greet": silent, "does not shake hands": first} {
		t.Run(name, func(t *testing.T) {
			s.Limit = time.Second
			start := time.Now()
			err := s.Send(t.Context(), compose(t))
			if took := time.Since(start); err == nil || !strings.Contains(err.Error(), "it took longer than 1s") ||
				took > 20*time.Second {
				t.Errorf("%v after %v", err, took)
			}
			s.Limit = time.Hour
			stop := errors.New("enough")
			ctx, cancel := context.WithCancelCause(t.Context())
			timer := time.AfterFunc(200*time.Millisecond, func() { cancel(stop) })
			defer timer.Stop()
			if err := s.Send(ctx, compose(t)); !errors.Is(err, stop) {
				t.Errorf("got %v, want %v", err, stop)
			}
		})
	}
}

func TestAbsent(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &SMTP{Server: Server{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port}, Limit: time.Minute}
	_ = listener.Close()
	if err := s.Send(t.Context(), compose(t)); !errors.Is(err, syscall.ECONNREFUSED) ||
		!strings.Contains(err.Error(), s.Server.String()) {
		t.Errorf("got %v", err)
	}
}

// TestChatter meets a server whose greeting has no end.
func TestChatter(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	sent := make(chan int64, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			sent <- 0
			return
		}
		defer conn.Close()
		n, _ := io.Copy(conn, endless{})
		sent <- n
	}()
	s := &SMTP{Server: Server{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port}, Limit: time.Minute}
	if err := s.Send(t.Context(), compose(t)); !errors.Is(err, errChatter) {
		t.Errorf("got %v, want %v", err, errChatter)
	}
	if n := <-sent; n < maxAnswers {
		t.Errorf("the server could say %d bytes only", n)
	}
}

// endless is a greeting without its last line.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	const line = "220-and so on\r\n"
	n := 0
	for n+len(line) <= len(p) {
		n += copy(p[n:], line)
	}
	return n, nil
}
