package cache

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func put(t *testing.T, c *Cache, name string, size int) *Item {
	t.Helper()
	i, err := c.Acquire(t.Context(), name, nil)
	if err != nil {
		t.Fatal(err)
	}
	if i.Present() {
		t.Fatalf("%s is there", name)
	}
	if err := os.WriteFile(i.Part(), []byte(strings.Repeat("x", size)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := i.Commit(t.Context(), i.Part()); err != nil {
		t.Fatal(err)
	}
	return i
}

func done(t *testing.T, items ...*Item) {
	t.Helper()
	for _, i := range items {
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	}
}

func images(t *testing.T, dir string) (numbers []string) {
	t.Helper()
	files, err := filepath.Glob(dir + "/sha256-*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		numbers = append(numbers, strings.TrimLeft(strings.TrimPrefix(filepath.Base(f), "sha256-"), "0"))
	}
	return numbers
}

// TestOnce: of two processes one makes the image, the other waits for it.
func TestOnce(t *testing.T) {
	dir := t.TempDir() + "/images"
	first := startChild(t, dir)
	first.says("present: false")
	second := startChild(t, dir)
	second.says("waiting")
	if _, err := first.in.WriteString("make it\n"); err != nil {
		t.Fatal(err)
	}
	first.says("made")
	second.says("present: true") // while the first one still uses it
	i, err := New(dir, 0).Acquire(t.Context(), name(1), func() { t.Error("it has to wait") })
	if err != nil || !i.Present() {
		t.Fatalf("got %+v, %v", i, err)
	}
	info, err := os.Stat(i.Path())
	if err != nil || info.Mode() != 0o444 {
		t.Errorf("mode %v, want 0444, %v", info.Mode(), err)
	}
	done(t, i) // nothing may be kept, but the image is in use
	if _, err := os.Stat(i.Path()); err != nil {
		t.Error(err)
	}
	first.end()
	second.end()
	if err := New(dir, 0).trim(time.Now()); err != nil {
		t.Error(err)
	}
	if left := images(t, dir); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// TestGivenUp: the other process ends without the image.
func TestGivenUp(t *testing.T) {
	dir := t.TempDir()
	first := startChild(t, dir)
	first.says("present: false")
	second := startChild(t, dir)
	second.says("waiting")
	first.end()
	second.says("present: false")
	second.end()
}

func TestInterruptedWait(t *testing.T) {
	dir := t.TempDir()
	other := startChild(t, dir)
	other.says("present: false")
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("enough")
	if _, err := New(dir, 0).Acquire(ctx, name(1), func() { cancel(reason) }); !errors.Is(err, reason) {
		t.Errorf("got %v, want %v", err, reason)
	}
	other.end()
}

// TestInherited: a process that outlives us keeps the image.
func TestInherited(t *testing.T) {
	dir := t.TempDir()
	i := put(t, New(dir, 0), name(1), 10)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "cat")
	cmd.Stdin, cmd.ExtraFiles = r, []*os.File{i.Lock()}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done(t, i)
	if got := images(t, dir); len(got) == 0 {
		t.Error("the image is gone")
	}
	if err := errors.Join(w.Close(), cmd.Wait(), New(dir, 0).trim(time.Now())); err != nil {
		t.Fatal(err)
	}
	if got := images(t, dir); len(got) > 0 {
		t.Errorf("left: %v", got)
	}
}

func TestRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, bad := range []string{"", "../sha256-00", "sha256-00/../x", "image", "sha256-00.lock.lock"} {
		if _, err := New(dir, 0).Acquire(t.Context(), bad, nil); err == nil {
			t.Errorf("%q is a name", bad)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, name(1))); err != nil {
		t.Fatal(err)
	}
	if _, err := New(dir, 0).Acquire(t.Context(), name(1), nil); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("a link: %v", err)
	}
}

func writeFile(t *testing.T, path string, size int) {
	t.Helper()
	if err := os.WriteFile(path, []byte(strings.Repeat("x", size)), 0o600); err != nil {
		t.Fatal(err)
	}
}
