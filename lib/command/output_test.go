package command

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/peers"
)

func TestPendingKeepsTheMode(t *testing.T) {
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o666, 0o444} {
		path := filepath.Join(t.TempDir(), "product")
		write(t, path, "old, and longer", mode)
		if err := (&Call{Ctx: context.Background()}).WriteProduct(path, []byte("new")); err != nil {
			t.Fatal(err)
		}
		wantFile(t, path, "new", mode)
	}
}

func TestPendingLongName(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("n", unix.NAME_MAX))
	if err := (&Call{Ctx: context.Background()}).WriteProduct(path, []byte("x")); err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, "x", 0o666&^umask(t))
}

func TestWriteProductThroughLink(t *testing.T) {
	dir, target := t.TempDir(), filepath.Join(t.TempDir(), "target")
	write(t, target, "old", 0o600)
	link := filepath.Join(dir, "link")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if err := (&Call{Ctx: context.Background()}).WriteProduct(link, []byte("new")); err != nil {
		t.Fatal(err)
	}
	wantFile(t, target, "new", 0o600)
	if got, err := os.Readlink(link); err != nil || got != target {
		t.Errorf("the link leads to %q (%v), want %q", got, err, target)
	}
}

func TestWriteProductToDevice(t *testing.T) {
	if err := (&Call{Ctx: context.Background()}).WriteProduct("/dev/null", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode()&fs.ModeCharDevice == 0 {
		t.Errorf("/dev/null is now %v (%v)", info.Mode(), err)
	}
	if err := (&Call{Ctx: context.Background()}).WriteProduct("/dev/full", []byte("x")); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("/dev/full: %v, want %v", err, unix.ENOSPC)
	}
}

func TestWriteProductToFullFileSystem(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=16k"); err != nil {
		peers.Missing(t, "mounting a tmpfs: "+err.Error())
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, 0) })
	path := filepath.Join(dir, "product")
	write(t, path, "old", 0o644)
	err := (&Call{Ctx: context.Background()}).WriteProduct(path, make([]byte, 64<<10))
	if !errors.Is(err, unix.ENOSPC) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want %v and the name", err, unix.ENOSPC)
	}
	wantFile(t, path, "old", 0o644)
}

func TestWriteProductToStdout(t *testing.T) {
	for _, name := range []string{"", "-"} {
		got := runCommand(t, &Program{Name: "t", Action: func(c *Call) error { return c.WriteProduct(name, []byte("product\n")) }})
		if want := (result{Code: ExitDone, Out: "product\n"}); got != want {
			t.Errorf("%q: got %+v, want %+v", name, got, want)
		}
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "image")
	write(t, path, "from a file", 0o600)
	c := &Call{Ctx: context.Background(), Streams: Streams{In: strings.NewReader("from stdin")}}
	for name, want := range map[string][2]string{path: {"from a file", path}, "-": {"from stdin", StdinName}} {
		r, display, err := c.Open(name, "an image")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != want[0] || display != want[1] {
			t.Errorf("%q: got %q as %q (%v), want %q", name, got, display, err, want)
		}
		if err := r.Close(); err != nil {
			t.Errorf("closing %q: %v", name, err)
		}
	}
	for name, want := range map[string]string{
		filepath.Join(dir, "none"): "opening an image, ",
		dir:                        "is a directory",
	} {
		if _, _, err := c.Open(name, "an image"); exitCode(err) != ExitBadInput || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want bad input and %q", name, err, want)
		}
	}
}

func TestOpenTerminal(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		peers.Missing(t, err.Error())
	}
	defer func() { _ = terminal.Close() }()
	c := &Call{Ctx: context.Background(), Streams: Streams{In: terminal}}
	_, _, err = c.Open("-", "an image")
	if exitCode(err) != ExitUsage || !strings.Contains(err.Error(), "reading an image from standard input: it is a terminal") {
		t.Errorf("got %v, want a usage error", err)
	}
}

func TestNamedPipes(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	ended := errors.New("told to end")
	ctx, cancel := context.WithCancelCause(context.Background())
	c := &Call{Ctx: ctx}
	r, _, err := c.Open(pipe, "an image")
	if err != nil {
		t.Fatal(err)
	}
	go cancel(ended)
	if _, err := io.ReadAll(r); !errors.Is(err, ended) {
		t.Errorf("reading: got %v, want %v", err, ended)
	}
	other := filepath.Join(t.TempDir(), "other")
	if err := unix.Mkfifo(other, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.WriteProduct(other, []byte("x")); !errors.Is(err, ended) {
		t.Errorf("writing: got %v, want %v", err, ended)
	}
}

func TestNamedPipeData(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	c := &Call{Ctx: context.Background()}
	written := make(chan error, 1)
	go func() { written <- c.WriteProduct(pipe, []byte("through it")) }()
	data, name, err := c.Read(pipe, "a document", 100)
	if string(data) != "through it" || name != pipe || err != nil {
		t.Errorf("got %q as %q, %v", data, name, err)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
}

func TestOpenFailingInput(t *testing.T) {
	broken := errors.New("wire cut")
	c := &Call{Ctx: context.Background(), Streams: Streams{In: io.MultiReader(strings.NewReader("part"), failing{broken})}}
	r, _, err := c.Open("-", "an image")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); string(got) != "part" || !errors.Is(err, broken) {
		t.Errorf("got %q, %v; want %q and %v", got, err, "part", broken)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func write(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
}

// wantFile checks a directory that holds just one file, its text and its mode.
func wantFile(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the directory holds %v (%v), want only %q", entries, err, filepath.Base(path))
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != text {
		t.Errorf("%q holds %q (%v), want %q", path, got, err, text)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
		t.Errorf("%q has mode %v (%v), want %v", path, info.Mode(), err, mode)
	}
}

func umask(t *testing.T) fs.FileMode {
	t.Helper()
	old := unix.Umask(0)
	unix.Umask(old)
	return fs.FileMode(old)
}
