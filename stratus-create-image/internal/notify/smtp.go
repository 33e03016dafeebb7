package notify

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// SMTP sends through a server.
type SMTP struct {
	Server             Server
	Username, Password string         // both empty: without authentication
	Roots              *x509.CertPool // nil for the system's
	Limit              time.Duration  // for all of it; 0 for one minute
}

// Send returns nil once the server has accepted the message. No error contains
// the password.
func (s *SMTP) Send(ctx context.Context, m *Message) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.limit(), fmt.Errorf("it took longer than %v", s.limit()))
	defer cancel()
	if err := s.send(ctx, m); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fmt.Errorf("sending through %s: %w", s.Server, err)
	}
	return nil
}

func (s *SMTP) limit() time.Duration { return cmp.Or(s.Limit, defaultLimit) }

func (s *SMTP) send(ctx context.Context, m *Message) error {
	conn, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// Once it is connected, the library follows limits of its own instead of the
	// context.
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	client, err := gomail.NewClient(s.Server.Host, s.options(conn)...)
	if err != nil {
		return err
	}
	if err := client.DialWithContext(ctx); err != nil {
		return explainDial(err)
	}
	if err := client.Send(m.msg); err != nil {
		return explainSend(err)
	}
	_ = client.Close() // the server has the mail
	return nil
}

// options make the library use our connection.
func (s *SMTP) options(conn net.Conn) []gomail.Option {
	options := []gomail.Option{
		gomail.WithPort(s.Server.Port),
		gomail.WithTimeout(2 * s.limit()), // ours ends first
		gomail.WithDialContextFunc(func(context.Context, string, string) (net.Conn, error) { return conn, nil }),
		gomail.WithTLSConfig(s.config()),
		gomail.WithoutNoop(),
		gomail.WithoutRset(), // after the mail is accepted nothing can fail
	}
	policy := gomail.TLSMandatory
	if s.Server.TLS || s.Server.plain() {
		policy = gomail.NoTLS // on top of what there is
	}
	options = append(options, gomail.WithTLSPolicy(policy))
	if s.Username != "" {
		options = append(options, gomail.WithSMTPAuthCustom(&login{username: s.Username, password: s.Password, host: s.Server.Host}))
	}
	return options
}

func (s *SMTP) config() *tls.Config {
	return &tls.Config{ServerName: s.Server.Host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
}

// connect connects to the server, with TLS if that comes first.
func (s *SMTP) connect(ctx context.Context) (net.Conn, error) {
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.Server.address())
	if err != nil {
		return nil, err
	}
	conn := &bounded{Conn: raw, left: maxAnswers}
	if !s.Server.TLS {
		return conn, nil
	}
	secure := tls.Client(conn, s.config())
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

// maxAnswers bounds what a server sends in all, in bytes.
const maxAnswers = 1 << 20

var errChatter = fmt.Errorf("the server sent more than %d bytes", maxAnswers)

// bounded is a connection from which at most left more bytes are read.
type bounded struct {
	net.Conn
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, errChatter
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// explainDial returns the error of connecting and logging in. It keeps only the
// number of a server's refusal, whose text could repeat the password.
func explainDial(err error) error {
	var answer *textproto.Error
	if strings.HasPrefix(err.Error(), "SMTP AUTH failed") && errors.As(err, &answer) {
		return fmt.Errorf("the server refuses the user name or the password: %d", answer.Code)
	}
	return err
}

// explainSend removes the recipients and the message from an error.
func explainSend(err error) error {
	var failed *gomail.SendError
	if !errors.As(err, &failed) {
		return err
	}
	text, _, _ := strings.Cut(failed.Error(), ", affected ")
	return errors.New(text)
}

// login sends a name and a password by PLAIN or LOGIN, behind TLS. The other
// mechanisms would let a server choose how much to compute.
type login struct {
	smtp.Auth // once chosen

	username, password, host string
}

// Start chooses the mechanism.
func (l *login) Start(server *smtp.ServerInfo) (string, []byte, error) {
	switch {
	case slices.Contains(server.Auth, "PLAIN"):
		l.Auth = smtp.PlainAuth("", l.username, l.password, l.host, false)
	case slices.Contains(server.Auth, "LOGIN"):
		l.Auth = smtp.LoginAuth(l.username, l.password, l.host, false)
	default:
		return "", nil, fmt.Errorf("the server does not accept passwords: it offers %q; want PLAIN or LOGIN", server.Auth)
	}
	return l.Auth.Start(server)
}
