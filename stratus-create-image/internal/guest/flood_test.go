package guest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// floodServer runs an ssh server in this process. It answers every command with
// lines on both streams that never end, and takes no notice of signals. It sends
// to flowing when the client has read some of the lines.
func floodServer(t *testing.T) (login Login, flowing <-chan struct{}) {
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
	read := make(chan struct{})
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serveFlood(t.Context(), conn, config, read)
		}
	}()
	return Login{Address: listener.Addr().String(), User: "root", Keys: []ssh.Signer{key}, HostKey: key.PublicKey()}, read
}

func serveFlood(ctx context.Context, conn net.Conn, config *ssh.ServerConfig, read chan<- struct{}) {
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
					go flood(ctx, channel, read)
					go flood(ctx, channel.Stderr(), nil)
				}
			}
		}()
	}
}

func flood(ctx context.Context, w io.Writer, read chan<- struct{}) {
	const window = 2 << 20 // what a client lets a server send before it has read any
	for sent := 0; ; {
		n, err := io.WriteString(w, strings.Repeat("one more line\n", 1000))
		if err != nil {
			return
		}
		if sent += n; sent > 2*window && read != nil {
			select {
			case read <- struct{}{}:
			case <-ctx.Done():
			}
			read = nil
		}
	}
}

// TestFlood ends commands whose output does not: what they have printed until
// then is read while more of it arrives. The race detector watches.
func TestFlood(t *testing.T) {
	login, flowing := floodServer(t)
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
			enough := errors.New("enough")
			ctx, cancel := context.WithCancelCause(t.Context())
			go func() {
				<-flowing
				cancel(enough)
			}()
			if err := run(ctx, g); !errors.Is(err, enough) {
				t.Errorf("a command that never ends: %v, want %v", err, enough)
			}
		})
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
