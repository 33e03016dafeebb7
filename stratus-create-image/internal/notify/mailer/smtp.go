package mailer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// SMTP sends through a server.
type SMTP struct {
	Server             Server
	Username, Password string         // both empty: without authentication
	Roots              *x509.CertPool // nil for the system's
	Limit              time.Duration  // for all of it
}

// Send hands the message to the server. When the error is nil the server has
// taken it. The password is in no error.
func (s *SMTP) Send(ctx context.Context, m *Message) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.Limit, fmt.Errorf("it takes longer than %v", s.Limit))
	defer cancel()
	if err := s.send(ctx, m); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fmt.Errorf("sending through %s: %w", s.Server, err)
	}
	return nil
}

func (s *SMTP) send(ctx context.Context, m *Message) error {
	conn, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// The library keeps time by itself once it is connected, and starts anew
	// with each mail: the end of ours is told by closing.
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
	_ = client.Close() // the server has the mail, however it takes our leave
	return nil
}

// options make the library use our connection; it has nothing to choose.
func (s *SMTP) options(conn net.Conn) []gomail.Option {
	options := []gomail.Option{
		gomail.WithPort(s.Server.Port),
		gomail.WithTimeout(2 * s.Limit), // ours comes first
		gomail.WithDialContextFunc(func(context.Context, string, string) (net.Conn, error) { return conn, nil }),
		gomail.WithTLSConfig(s.config()),
		gomail.WithoutNoop(),
		gomail.WithoutRset(), // what fails after the mail is taken is no failure
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

// connect gives a connection to the server, with TLS if that comes first.
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

// maxAnswers bounds what a server says in all, in bytes.
const maxAnswers = 1 << 20

var errChatter = fmt.Errorf("the server says more than %d bytes", maxAnswers)

// bounded is a connection from which only so much is read.
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

// explainDial says what went wrong before the mail's turn. Of how a server
// refuses a password only the number is told: it could repeat the password.
func explainDial(err error) error {
	var answer *textproto.Error
	if strings.HasPrefix(err.Error(), "SMTP AUTH failed") && errors.As(err, &answer) {
		return fmt.Errorf("the server refuses the user name or the password: %d", answer.Code)
	}
	return err
}

// explainSend leaves out whom and what the library was told to send.
func explainSend(err error) error {
	var failed *gomail.SendError
	if !errors.As(err, &failed) {
		return err
	}
	text, _, _ := strings.Cut(failed.Error(), ", affected ")
	return errors.New(text)
}
