package fetch

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"testing"

	"github.com/stratuslab/stratus/lib/cache"
	"github.com/stratuslab/stratus/lib/peers"
)

// name is the name of an image.
func name(n int) string { return fmt.Sprintf("sha256-%064x", n) }

// childDir is set for a child that is to hold an image in that directory.
const childDir = "STRATUS_TEST_CACHE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := hold(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	peers.Contain()
	os.Exit(m.Run())
}

// hold gets the image, making it if need be, tells which, and keeps it until
// standard input ends.
func hold(dir string) error {
	c := NewCache(cache.Dirs{Images: dir}, math.MaxInt64)
	i, err := c.Acquire(context.Background(), name(1), func() { fmt.Println("waiting") })
	if err != nil {
		return err
	}
	fmt.Println("present:", i.Present)
	in := bufio.NewScanner(os.Stdin)
	if !i.Present && in.Scan() {
		if err := os.WriteFile(i.Part, []byte("image"), 0o600); err != nil {
			return err
		}
		if err := i.Commit(context.Background(), i.Part); err != nil {
			return err
		}
		fmt.Println("made")
	}
	for in.Scan() {
	}
	return i.Close()
}

// child is another process that holds the image.
type child struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    *os.File
	lines *bufio.Scanner
}

func startChild(t *testing.T, dir string) *child {
	t.Helper()
	c := &child{t: t, cmd: exec.CommandContext(t.Context(), os.Args[0])}
	c.cmd.Env = append(os.Environ(), childDir+"="+dir)
	c.cmd.Stderr = os.Stderr
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.cmd.Stdin, c.in = r, w
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.lines = bufio.NewScanner(out)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *child) says(want string) {
	c.t.Helper()
	if !c.lines.Scan() || c.lines.Text() != want {
		c.t.Fatalf("another process says %q, want %q", c.lines.Text(), want)
	}
}

func (c *child) end() {
	c.t.Helper()
	if err := errors.Join(c.in.Close(), c.cmd.Wait()); err != nil {
		c.t.Error(err)
	}
}
