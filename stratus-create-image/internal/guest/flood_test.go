package guest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// floodServer runs an ssh server in this process. It answers every command with
// lines on both streams that never end, and takes no notice of signals or of
// the end of the session's channel.
func floodServer(t *testing.T) Login {
	t.Helper()
	_, secret, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewSignerFromKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	config := &ssh.ServerConfig{NoClientAuth: true}
	config.AddHostKey(key)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serveFlood(conn, config)
		}
	}()
	return Login{Address: listener.Addr().String(), User: "root", Keys: []ssh.Signer{key}, HostKey: key.PublicKey()}
}

func serveFlood(conn net.Conn, config *ssh.ServerConfig) {
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for c := range channels {
		channel, requests, err := c.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range requests {
				_ = r.Reply(true, nil)
				if r.Type == "exec" {
					go flood(channel)
					go flood(channel.Stderr())
				}
			}
		}()
	}
}

func flood(w io.Writer) {
	for {
		if _, err := io.WriteString(w, "one more line\n"); err != nil {
			return
		}
	}
}

// TestFlood ends commands whose output does not: what they have printed until
// then is read while more of it arrives. The race detector watches.
func TestFlood(t *testing.T) {
	login := floodServer(t)
	for name, run := range map[string]func(ctx context.Context, g *Guest) error{
		"Run": func(ctx context.Context, g *Guest) error { return g.Run(ctx, "flood", "true") },
		"Output": func(ctx context.Context, g *Guest) error {
			_, err := g.Output(ctx, "flood", "true")
			return err
		},
		"Stream": func(ctx context.Context, g *Guest) error {
			var written int
			err := g.Stream(ctx, "flood", "true", writerFunc(func(p []byte) (int, error) {
				written += len(p)
				return len(p), nil
			}))
			if written == 0 {
				t.Error("nothing was written")
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := Wait(t.Context(), login, func(string, string) {})
			if err != nil {
				t.Fatal(err)
			}
			defer g.Close()
			for range 5 { // a connection outlives what was given up on it
				enough := errors.New("enough")
				ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, enough)
				if err := run(ctx, g); !errors.Is(err, enough) {
					t.Errorf("a command that never ends: %v, want %v", err, enough)
				}
				cancel()
			}
		})
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
