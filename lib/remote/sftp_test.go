package remote_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/remote/sshdtest"
)

// dial opens a session that works.
func dial(t *testing.T, s *sshdtest.Server, o remote.Options) *remote.SFTP {
	t.Helper()
	session, err := remote.DialSFTP(t.Context(), s.User, s.Host, s.Port, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

func TestTransfer(t *testing.T) {
	server := sshdtest.Start(t)
	session := dial(t, server, server.Options())
	path := filepath.Join(t.TempDir(), "file")
	want := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)

	out, err := session.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.ReadFrom(bytes.NewReader(want)); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	in, err := session.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(in)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %d bytes, %v; want the %d that were written", len(got), err, len(want))
	}
	if err := session.Close(); err != nil {
		t.Error(err)
	}
	if err := session.Close(); err != nil {
		t.Errorf("closing once more: %v", err)
	}
	_, err = session.Stat(path)
	if err = remote.SFTPError(err); !errors.Is(err, remote.ErrUnreachable) {
		t.Errorf("after Close: got %v, want ErrUnreachable", err)
	}
}

func TestCurrentUser(t *testing.T) {
	server := sshdtest.Start(t)
	server.User = ""
	dial(t, server, server.Options())
}

func TestSFTPContext(t *testing.T) {
	server := sshdtest.Start(t)
	ctx, cancel := context.WithCancel(t.Context())
	session, err := remote.DialSFTP(ctx, server.User, server.Host, server.Port, server.Options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	f, err := session.Open("/dev/zero")
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := io.Copy(io.Discard, f); err == nil {
		t.Error("the session outlives its context")
	}
	_, err = remote.DialSFTP(ctx, server.User, server.Host, server.Port, server.Options())
	if !errors.Is(err, context.Canceled) || errors.Is(err, remote.ErrUnreachable) {
		t.Errorf("got %v, want the error of the context alone", err)
	}
}

// silent is a server that accepts and says nothing.
func silent(t *testing.T) (host, port string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() }) // the kernel accepts for it
	host, port, _ = strings.Cut(listener.Addr().String(), ":")
	return host, port
}

func TestSilentHost(t *testing.T) {
	server := sshdtest.Start(t)
	o := server.Options()
	host, port := silent(t)
	t.Run("idle", func(t *testing.T) {
		o := o
		o.Idle = 200 * time.Millisecond
		_, err := remote.DialSFTP(t.Context(), "", host, port, o)
		if !errors.Is(err, remote.ErrUnreachable) {
			t.Errorf("got %v, want ErrUnreachable", err)
		}
	})
	t.Run("context", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, err := remote.DialSFTP(ctx, "", host, port, o)
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, remote.ErrUnreachable) {
			t.Errorf("got %v, want the error of the context alone", err)
		}
	})
	t.Run("nobody there", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := strings.Cut(listener.Addr().String(), ":")
		_ = listener.Close()
		_, err = remote.DialSFTP(t.Context(), "", host, port, o)
		if !errors.Is(err, remote.ErrUnreachable) {
			t.Errorf("got %v, want ErrUnreachable", err)
		}
	})
}

func TestNoTransfer(t *testing.T) {
	for name, line := range map[string]string{
		"no session":    "MaxSessions 0",
		"other command": "ForceCommand /bin/false",
		"noisy command": "ForceCommand /bin/echo Welcome to this very fine host",
	} {
		t.Run(name, func(t *testing.T) {
			server := sshdtest.Start(t, line)
			_, err := remote.DialSFTP(t.Context(), server.User, server.Host, server.Port, server.Options())
			if !errors.Is(err, remote.ErrRefused) {
				t.Errorf("got %v, want ErrRefused", err)
			}
		})
	}
}

func TestSFTPError(t *testing.T) {
	server := sshdtest.Start(t, "ForceCommand internal-sftp -P mkdir")
	session := dial(t, server, server.Options())
	dir := t.TempDir()
	kinds := func(err error) map[string]bool {
		err = remote.SFTPError(err)
		return map[string]bool{
			"error": err != nil, "unreachable": errors.Is(err, remote.ErrUnreachable),
			"refused": errors.Is(err, remote.ErrRefused), "not there": errors.Is(err, os.ErrNotExist),
		}
	}
	_, notThere := session.Stat(filepath.Join(dir, "missing"))
	f, err := session.OpenFile("/dev/full", os.O_WRONLY)
	if err != nil {
		t.Fatal(err)
	}
	_, full := f.Write([]byte("x"))
	for name, test := range map[string]struct {
		err  error
		want map[string]bool
	}{
		"none":          {nil, map[string]bool{"error": false}},
		"no permission": {session.Mkdir(filepath.Join(dir, "new")), map[string]bool{"error": true, "refused": true}},
		"not there":     {notThere, map[string]bool{"error": true, "not there": true}},
		"disk full":     {full, map[string]bool{"error": true}},
		"end of file":   {io.EOF, map[string]bool{"error": true}},
	} {
		got := kinds(test.err)
		for kind, is := range got {
			if is != test.want[kind] {
				t.Errorf("%s (%v): %s: got %t", name, test.err, kind, is)
			}
		}
	}
	if err := remote.SFTPError(io.EOF); err != io.EOF {
		t.Errorf("io.EOF: got %v", err)
	}
}
