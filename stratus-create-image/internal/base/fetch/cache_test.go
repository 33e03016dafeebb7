package fetch

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/cache"
)

func put(t *testing.T, c *Cache, name string, size int) *Item {
	t.Helper()
	i, err := c.Acquire(t.Context(), name, nil)
	if err != nil {
		t.Fatal(err)
	}
	if i.Present {
		t.Fatalf("%s is there", name)
	}
	if err := os.WriteFile(i.Part, []byte(strings.Repeat("x", size)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := i.Commit(t.Context(), i.Part); err != nil {
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
	i, err := NewCache(cache.Dirs{Images: dir}, 0).Acquire(t.Context(), name(1), func() { t.Error("it has to wait") })
	if err != nil || !i.Present {
		t.Fatalf("got %+v, %v", i, err)
	}
	info, err := os.Stat(i.Path)
	if err != nil || info.Mode() != 0o444 {
		t.Errorf("mode %v, want 0444, %v", info.Mode(), err)
	}
	done(t, i) // nothing may be kept, but the image is in use
	if _, err := os.Stat(i.Path); err != nil {
		t.Error(err)
	}
	first.end()
	second.end()
	if _, err := (cache.Dirs{Images: dir}).Prune(0, time.Now()); err != nil {
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
	if _, err := NewCache(cache.Dirs{Images: dir}, 0).Acquire(ctx, name(1), func() { cancel(reason) }); !errors.Is(err, reason) {
		t.Errorf("got %v, want %v", err, reason)
	}
	other.end()
}

// TestInherited: a process that outlives us keeps the image.
func TestInherited(t *testing.T) {
	dir := t.TempDir()
	i := put(t, NewCache(cache.Dirs{Images: dir}, 0), name(1), 10)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "cat")
	cmd.Stdin, cmd.ExtraFiles = r, []*os.File{i.Lock}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done(t, i)
	if got := images(t, dir); len(got) == 0 {
		t.Error("the image is gone")
	}
	if err := errors.Join(w.Close(), cmd.Wait()); err != nil {
		t.Fatal(err)
	}
	if _, err := (cache.Dirs{Images: dir}).Prune(0, time.Now()); err != nil {
		t.Fatal(err)
	}
	if got := images(t, dir); len(got) > 0 {
		t.Errorf("left: %v", got)
	}
}

func TestRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, bad := range []string{"", "../sha256-00", "sha256-00/../x", "image", "sha256-00.lock.lock"} {
		if _, err := NewCache(cache.Dirs{Images: dir}, 0).Acquire(t.Context(), bad, nil); err == nil {
			t.Errorf("%q is a name", bad)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, name(1))); err != nil {
		t.Fatal(err)
	}
	if _, err := NewCache(cache.Dirs{Images: dir}, 0).Acquire(t.Context(), name(1), nil); err == nil ||
		!strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a link: %v", err)
	}
}

// TestUnsafe: a cache that others may change is refused, and no link is
// followed.
func TestUnsafe(t *testing.T) {
	elsewhere := filepath.Join(t.TempDir(), "victim")
	link := func(to string) func(t *testing.T, dir string) error {
		return func(_ *testing.T, dir string) error { return os.Symlink(elsewhere, filepath.Join(dir, to)) }
	}
	for _, test := range []struct {
		name    string
		prepare func(t *testing.T, dir string) error
		want    string
	}{
		{"group", func(_ *testing.T, dir string) error { return os.Chmod(dir, 0o770) }, "others may write"},
		{"others", func(_ *testing.T, dir string) error { return os.Chmod(dir, 0o777|os.ModeSticky) }, "others may write"},
		{"parent", func(_ *testing.T, dir string) error { return os.Chmod(filepath.Dir(dir), 0o777) }, "others may write"},
		{"a link", func(t *testing.T, dir string) error {
			return errors.Join(os.Remove(dir), os.Symlink(t.TempDir(), dir))
		}, "not a directory"},
		{"of somebody else", func(t *testing.T, dir string) error {
			if os.Geteuid() != 0 {
				t.Skip("only root can give a directory away")
			}
			return os.Chown(dir, 12345, 12345)
		}, "belongs to another user"},
		{"an image", link(name(1)), "not a regular file"},
		{"a lock", link(name(1) + cache.LockEnding), "symbolic link"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "stratuslab", "images")
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := test.prepare(t, dir); err != nil {
				t.Fatal(err)
			}
			if _, err := NewCache(cache.Dirs{Images: dir}, 0).Acquire(t.Context(), name(1), nil); !errors.Is(err, ErrUnsafe) ||
				!strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if _, err := os.Lstat(elsewhere); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("a link was followed: %v", err)
			}
		})
	}
}

// TestOpen: only a regular file of the cache is opened.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	c := NewCache(cache.Dirs{Images: dir}, 100)
	done(t, put(t, c, name(1), 0))
	f, err := c.Item(name(1)).Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err := errors.Join(os.Symlink(c.Item(name(1)).Path, c.Item(name(2)).Path), os.Mkdir(c.Item(name(3)).Path, 0o700),
		unix.Mkfifo(c.Item(name(4)).Path, 0o600)); err != nil {
		t.Fatal(err)
	}
	for n := 2; n <= 4; n++ {
		if _, err := c.Item(name(n)).Open(); !errors.Is(err, ErrUnsafe) {
			t.Errorf("%d: got %v, want %v", n, err, ErrUnsafe)
		}
	}
}

func writeFile(t *testing.T, path string, size int) {
	t.Helper()
	if err := os.WriteFile(path, []byte(strings.Repeat("x", size)), 0o600); err != nil {
		t.Fatal(err)
	}
}
