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

func TestWriteProductToFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "product")
	for _, text := range []string{"first", "second"} {
		if err := (&Call{Ctx: context.Background()}).WriteProduct(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); string(got) != text || err != nil {
			t.Errorf("got %q, %v; want %q", got, err, text)
		}
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
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := (&Call{Ctx: context.Background()}).WriteProduct(path, make([]byte, 64<<10))
	if !errors.Is(err, unix.ENOSPC) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want %v and the name", err, unix.ENOSPC)
	}
	if got, err := os.ReadFile(path); string(got) != "old" || err != nil {
		t.Errorf("got %q, %v; want what was there", got, err)
	}
	if entries, err := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left behind: %v (%v)", entries, err)
	}
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
	if err := os.WriteFile(path, []byte("from a file"), 0o600); err != nil {
		t.Fatal(err)
	}
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

// A named pipe that nobody else opens must not keep a command that is told to
// end.
func TestNamedPipes(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	ended := errors.New("told to end")
	ctx, cancel := context.WithCancelCause(context.Background())
	c := &Call{Ctx: ctx}
	silent, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	r, _, err := c.Open(pipe, "an image")
	if err != nil {
		t.Fatal(err)
	}
	go cancel(ended)
	if _, err := io.ReadAll(r); !errors.Is(err, ended) {
		t.Errorf("reading: got %v, want %v", err, ended)
	}
	if err := silent.Close(); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other")
	if err := unix.Mkfifo(other, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Open(other, "an image"); !errors.Is(err, ended) {
		t.Errorf("opening: got %v, want %v", err, ended)
	}
	if err := c.WriteProduct(other, []byte("x")); !errors.Is(err, ended) {
		t.Errorf("writing: got %v, want %v", err, ended)
	}
}

// Data comes through a named pipe as it does through a file.
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

// Reading standard input must deliver a failure as it is.
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
