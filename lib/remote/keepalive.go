package remote

import (
	"context"
	"net"
	"time"

	"golang.org/x/crypto/ssh"
)

// listener is a connection that is closed when nothing was heard for some time.
type listener struct {
	net.Conn
	timer *time.Timer
	idle  time.Duration
}

func listenTo(conn net.Conn, idle time.Duration) *listener {
	return &listener{conn, time.AfterFunc(idle, func() { _ = conn.Close() }), idle}
}

func (l *listener) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if n > 0 {
		l.timer.Reset(l.idle)
	}
	return n, err
}

func (l *listener) Close() error {
	l.timer.Stop()
	return l.Conn.Close()
}

// keepAlive makes the other side say something, until the context or the
// connection ends.
func keepAlive(ctx context.Context, connection *ssh.Client, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if ask(connection) != nil {
			return
		}
	}
}

// ask waits for an answer to a request that means nothing. The error is that of
// the connection.
func ask(connection *ssh.Client) error {
	_, _, err := connection.SendRequest("keepalive@openssh.com", true, nil)
	return err
}
