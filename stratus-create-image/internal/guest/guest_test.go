package guest

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/remote/sshdtest"
)

// startServer runs OpenSSH's server for the user that runs the test.
func startServer(t *testing.T) Login {
	t.Helper()
	s := sshdtest.Start(t)
	return Login{
		Address: net.JoinHostPort(s.Host, s.Port),
		User:    s.User,
		Keys:    []ssh.Signer{readKey(t, s.Key)},
		HostKey: readKey(t, s.HostKeys[0]).PublicKey(),
	}
}

func readKey(t *testing.T, path string) ssh.Signer {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParsePrivateKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// connect logs in to a fresh server as root would, and collects the lines.
func connect(t *testing.T) (*Guest, func() []string) {
	t.Helper()
	login := startServer(t)
	if login.User != "root" {
		peers.Missing(t, "only root can run an ssh server that runs commands as root")
	}
	var mu sync.Mutex
	var lines []string
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	g, err := Wait(ctx, login, func(label, line string) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, label+"|"+line)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return lines
	}
}

func TestWaitChecksTheHostKey(t *testing.T) {
	login := startServer(t)
	login.HostKey = readKey(t, sshdtest.NewKey(t, t.TempDir(), "other")).PublicKey()
	ctx, cancel := context.WithTimeoutCause(t.Context(), 3*time.Second, errors.New("time is up"))
	defer cancel()
	_, err := Wait(ctx, login, nil)
	if err == nil || !strings.Contains(err.Error(), "time is up") || !strings.Contains(err.Error(), "host key mismatch") {
		t.Errorf("logging in to a server with another key: %v", err)
	}
}

// TestWaitAnyHostKey logs in to a server that nothing is known of, and again to
// one that must have the key that the first has shown.
func TestWaitAnyHostKey(t *testing.T) {
	login := startServer(t)
	login.HostKey = nil
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	g, err := Wait(ctx, login, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if g.HostKey == nil {
		t.Fatal("the guest has no host key")
	}
	login.HostKey = g.HostKey
	again, err := Wait(ctx, login, nil)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

func TestRun(t *testing.T) {
	g, lines := connect(t)
	if err := g.Run(t.Context(), "say", `echo one; printf 'two\rthree' >&2; cat`); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"say|one", "say|two", "say|three"}, lines()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	var exit *ExitError
	if err := g.Run(t.Context(), "fail", "echo why; exit 3"); !errors.As(err, &exit) || exit.Status != 3 ||
		exit.Tail != "why" {
		t.Errorf("exit 3 gives %#v", err)
	}
	if err := g.Run(t.Context(), "die", "kill -9 $$"); !errors.As(err, &exit) || exit.Signal != "KILL" {
		t.Errorf("kill -9 gives %v", err)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("time is up"))
	defer cancel()
	if err := g.Run(ctx, "sleep", "sleep 600"); err == nil || !strings.Contains(err.Error(), "time is up") {
		t.Errorf("a command without end gives %v", err)
	}
	const script = "read -r a; read -r b; echo $b $a; cat"
	if out, err := g.Feed(t.Context(), "feed", script, strings.NewReader("one\ntwo\nthree")); out != "two one\nthree" || err != nil {
		t.Errorf("a command with input prints %q, %v", out, err)
	}
	out, err := g.Output(t.Context(), "much", "head -c 1000000 /dev/zero")
	if err != nil || len(out) != maxOutput {
		t.Errorf("much output gives %d bytes, %v", len(out), err)
	}
	g.Close()
	if err := g.Run(t.Context(), "late", "true"); !errors.Is(err, ErrBroken) {
		t.Errorf("after the end: %v, want ErrBroken", err)
	}
}

func TestDir(t *testing.T) {
	g, _ := connect(t)
	local := t.TempDir()
	for name, content := range map[string]string{"tree/a": "A", "tree/sub dir/b": "B", "tree/empty": ""} {
		if err := os.MkdirAll(filepath.Join(local, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(local, name), []byte(content), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("a", local+"/tree/link"); err != nil {
		t.Fatal(err)
	}
	d, err := g.MakeDir(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Upload(t.Context(), local+"/tree", "copy"); err != nil {
		t.Fatal(err)
	}
	if err := d.Write(t.Context(), "secret", strings.NewReader("S"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Write(t.Context(), "secret", strings.NewReader("T"), 0o600); err == nil {
		t.Error("a file is written twice")
	}
	listing, err := g.Output(
		t.Context(),
		"list",
		"cd "+d.Path+" && stat -c '%n %a %F' . secret copy/a 'copy/sub dir/b' copy/link && readlink copy/link && cat copy/a "+
			"'copy/sub dir/b' secret",
	)
	if err != nil {
		t.Fatal(err)
	}
	want := ". 700 directory\nsecret 600 regular file\ncopy/a 640 regular file\ncopy/sub dir/b 640 regular file\n" +
		"copy/link 777 symbolic link\na\nABS"
	if diff := cmp.Diff(want, listing); diff != "" {
		t.Errorf("in the guest (-want +got):\n%s", diff)
	}
	if err := d.Remove(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(d.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after Remove: %v", err)
	}
}

func TestParseOSRelease(t *testing.T) {
	got := parseOSRelease(
		"# comment\nNAME=\"Rocky Linux\"\nID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID='9.4'\nbad line\nX=\"open\n",
	)
	want := OS{ID: "rocky", Like: []string{"rhel", "centos", "fedora"}, Version: "9.4"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzParseOSRelease(f *testing.F) {
	f.Add("ID=debian\nVERSION_ID=\"12\"\n")
	f.Add("ID='\nID_LIKE=\\\n")
	f.Fuzz(func(t *testing.T, text string) {
		if os := parseOSRelease(text); strings.ContainsAny(os.ID, "\n") {
			t.Errorf("an ID of two lines: %q", os.ID)
		}
	})
}

// TestFrozen has the server stop in the middle: what waits for it ends with the
// context.
func TestFrozen(t *testing.T) {
	for name, step := range map[string]func(ctx context.Context, g *Guest, d *Dir) error{
		"command": func(ctx context.Context, g *Guest, _ *Dir) error {
			_, err := g.Output(ctx, "frozen", "true")
			return err
		},
		"directory": func(ctx context.Context, _ *Guest, d *Dir) error { return d.Mkdir(ctx, "frozen") },
		"file": func(ctx context.Context, _ *Guest, d *Dir) error {
			return d.Write(ctx, "frozen", strings.NewReader("x"), 0o600)
		},
		"upload": func(ctx context.Context, _ *Guest, d *Dir) error { return d.Upload(ctx, t.TempDir(), "frozen") },
		"sftp": func(ctx context.Context, g *Guest, _ *Dir) error {
			_, err := g.startSFTP(ctx)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			g, _ := connect(t)
			d, err := g.MakeDir(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(d.Path) })
			out, err := g.Output(t.Context(), "finding the server", "echo $PPID")
			if err != nil {
				t.Fatal(err)
			}
			pid, err := strconv.Atoi(strings.TrimSpace(out))
			if err != nil {
				t.Fatal(err)
			}
			if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
			enough := errors.New("enough")
			ctx, cancel := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, enough)
			defer cancel()
			if err := step(ctx, g, d); !errors.Is(err, enough) {
				t.Errorf("%v, want %v", err, enough)
			}
		})
	}
}
