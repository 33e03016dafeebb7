package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	osuser "os/user"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// SFTP is a session for the transfer of files. Its operations may be used by
// several goroutines; SFTPError adds the kind to their errors.
type SFTP struct {
	*sftp.Client
	connection *ssh.Client
	detach     func() bool // from the context
	end        func()      // of keepAlive
	background sync.WaitGroup
}

// DialSFTP opens a session with the host, as user or, if that is empty, as the
// current user. The host proves itself with a key in known_hosts; the user with
// a key of the agent or a file, never with a password, and nothing is asked for
// at the terminal. The end of the context ends the session at once, also later;
// so does a host from which nothing is heard for Options.Idle. Errors wrap
// ErrUnreachable, ErrCredentials or ErrRefused (no file transfer there).
func DialSFTP(ctx context.Context, user, host, port string, o Options) (*SFTP, error) {
	o = o.withDefaults()
	address := net.JoinHostPort(host, port)
	s, err := dialSFTP(ctx, user, address, o)
	switch {
	case err == nil:
		return s, nil
	case ctx.Err() != nil:
		err = ctx.Err()
	}
	return nil, fmt.Errorf("opening an SFTP session with %q: %w", address, err)
}

func dialSFTP(ctx context.Context, user, address string, o Options) (*SFTP, error) {
	if user == "" {
		current, err := osuser.Current()
		if err != nil {
			return nil, err
		}
		user = current.Username
	}
	host, err := newHostCheck(address, o.KnownHosts)
	if err != nil {
		return nil, err
	}
	ids, err := loadIdentities(ctx, o)
	if err != nil {
		return nil, err
	}
	defer ids.close()
	tcp, err := (&net.Dialer{Timeout: connectLimit}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, unreachable(err)
	}
	link := listenTo(tcp, o.Idle)
	detach := context.AfterFunc(ctx, func() { _ = link.Close() })
	s, err := newSession(link, user, host, ids, o)
	if err != nil {
		detach()
		_ = link.Close()
		return nil, err
	}
	s.detach = detach
	return s, nil
}

// newSession proves both sides and starts the file transfer, which together take
// no longer than anything else.
func newSession(link net.Conn, user string, host *hostCheck, ids *identities, o Options) (*SFTP, error) {
	if err := link.SetDeadline(time.Now().Add(o.Idle)); err != nil {
		return nil, unreachable(err)
	}
	c, channels, requests, err := ssh.NewClientConn(link, host.address, &ssh.ClientConfig{
		User:              user,
		Auth:              []ssh.AuthMethod{ssh.PublicKeys(ids.signers...)},
		HostKeyCallback:   host.check,
		HostKeyAlgorithms: host.algorithms,
	})
	if err != nil {
		return nil, handshakeError(err, user, host, ids)
	}
	connection := ssh.NewClient(c, channels, requests)
	transfer, err := startTransfer(connection)
	if err != nil {
		_ = connection.Close()
		return nil, err
	}
	if err := link.SetDeadline(time.Time{}); err != nil {
		_ = connection.Close()
		return nil, unreachable(err)
	}
	ctx, end := context.WithCancel(context.Background())
	s := &SFTP{Client: transfer, connection: connection, end: end}
	s.background.Go(func() { keepAlive(ctx, connection, o.Idle/4) })
	return s, nil
}

// handshakeError names the side that has not proven itself, if it is that.
func handshakeError(err error, user string, host *hostCheck, ids *identities) error {
	var algorithm *ssh.AlgorithmNegotiationError
	var network net.Error
	switch {
	case host.objection != nil:
		return unproven(host.objection)
	case errors.As(err, &algorithm) && algorithm.What == "host key":
		return unproven(fmt.Errorf("known_hosts has no key of a type that the host has: %w", err))
	case errors.As(err, &algorithm):
		return refused(err)
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), !host.accepted:
		return unreachable(err)
	}
	return unproven(fmt.Errorf("user %q: %w; %s", user, err, ids))
}

// startTransfer starts the subsystem. If that fails on a connection that still
// works, the host does not want to.
func startTransfer(connection *ssh.Client) (*sftp.Client, error) {
	client, err := openTransfer(connection)
	if err == nil {
		return client, nil
	}
	err = fmt.Errorf("starting the file transfer: %w", err)
	if ask(connection) != nil {
		return nil, unreachable(err)
	}
	return nil, refused(err)
}

// openTransfer does what sftp.NewClient does, which takes the end of a broken
// connection for the end of a file if it is sending at that moment.
func openTransfer(connection *ssh.Client) (*sftp.Client, error) {
	session, err := connection.NewSession()
	if err != nil {
		return nil, err
	}
	in, err := session.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := session.StdoutPipe()
	if err != nil {
		return nil, err
	}
	messages, err := session.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := session.RequestSubsystem("sftp"); err != nil {
		return nil, err
	}
	go func() { // ends with the channel; unread messages would in the end block it
		_, _ = io.Copy(io.Discard, messages)
	}()
	return sftp.NewClientPipe(out, outgoing{in}, sftp.UseConcurrentReads(true), sftp.UseConcurrentWrites(true))
}

// outgoing is what goes to the other side.
type outgoing struct{ io.WriteCloser }

// Write never ends in io.EOF, as that of a closed channel does.
func (w outgoing) Write(p []byte) (int, error) {
	n, err := w.WriteCloser.Write(p)
	if err != nil {
		return n, fmt.Errorf("%w (%s)", sftp.ErrSSHFxConnectionLost, err.Error())
	}
	return n, nil
}

// Close ends the session. All operations that have returned are done; those
// that run fail.
func (s *SFTP) Close() error {
	s.detach()
	s.end()
	err := s.connection.Close()
	_ = s.Client.Close()    // waits for its goroutines; it has lost its connection
	_ = s.connection.Wait() // with the error that Close has caused
	s.background.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.EOF) {
		return fmt.Errorf("closing an SFTP session: %w", err)
	}
	return nil
}
