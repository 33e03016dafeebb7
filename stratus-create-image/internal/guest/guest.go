// Package guest works in a running machine over ssh: it waits until the machine
// answers, runs commands, streams what they print, and copies files. It must not
// know what starts the machine, nor why it is being changed.
package guest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/crypto/ssh"
)

// Login is where a guest is and how both sides prove their identity.
type Login struct {
	Address string // host:port
	User    string
	Keys    []ssh.Signer
	HostKey ssh.PublicKey // the only host key that is accepted; nil: any, where nobody else can answer
}

// Guest is a machine with a login session.
type Guest struct {
	HostKey ssh.PublicKey // the one that the guest has shown

	client *ssh.Client
	user   string
	lines  func(label, line string)
}

// attemptTime bounds one attempt to connect: a booting guest may accept the
// connection long before it answers.
const attemptTime = 30 * time.Second

// retryAfter is the pause between failed attempts. No event on this side of the
// network shows when the guest starts to listen.
const retryAfter = time.Second

// Wait tries to log in until it succeeds or the context ends; the error then
// wraps that of the last attempt. lines receives what commands print.
func Wait(ctx context.Context, login Login, lines func(label, line string)) (*Guest, error) {
	last := errors.New("no answer yet")
	for {
		g := &Guest{user: login.User, lines: lines}
		err := g.dial(ctx, login)
		if err == nil {
			return g, nil
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("logging in as %q over ssh: %w; the last attempt: %w", login.User, context.Cause(ctx), last)
		case <-time.After(retryAfter):
		}
	}
}

func (g *Guest) dial(ctx context.Context, login Login) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", login.Address)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	c, channels, requests, err := ssh.NewClientConn(conn, login.Address, g.config(login))
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	g.client = ssh.NewClient(c, channels, requests)
	return nil
}

func (g *Guest) config(login Login) *ssh.ClientConfig {
	config := &ssh.ClientConfig{
		User: login.User,
		Auth: []ssh.AuthMethod{ssh.PublicKeys(login.Keys...)},
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			g.HostKey = key
			return nil
		},
	}
	if login.HostKey != nil {
		g.HostKey = login.HostKey
		config.HostKeyCallback = ssh.FixedHostKey(login.HostKey)
		config.HostKeyAlgorithms = []string{login.HostKey.Type()}
	}
	return config
}

// ErrBroken is the error of a connection that ended while it was needed.
var ErrBroken = errors.New("the connection to the guest broke")

// Close ends the connection.
func (g *Guest) Close() { _ = g.client.Close() }

// closeWith ends the connection when the context ends, until stop is called.
// Nothing else ends the wait for a guest that does not answer.
func (g *Guest) closeWith(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, g.Close)
}
