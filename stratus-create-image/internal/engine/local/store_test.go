package local

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/cache"
	"github.com/stratuslab/stratus/lib/files"
)

// entry makes a snapshot that was used some hours ago, with a file of a size in KiB.
// Below, if not empty, is one whose file it has, too.
func entry(t *testing.T, s *store, name string, hours, size int, below string) {
	t.Helper()
	dir := s.path(name)
	used := time.Now().Add(-time.Duration(hours) * time.Hour)
	err := errors.Join(
		os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, ramFile), make([]byte, size<<10), 0o600),
		cache.WriteManifest(dir, &manifest{Format: snapshotFormat}), os.Chtimes(filepath.Join(dir, cache.ManifestFile), used, used),
	)
	if below != "" {
		err = errors.Join(err, os.Link(filepath.Join(s.path(below), ramFile), filepath.Join(dir, overlayName(0))))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func newStore(t *testing.T) *store {
	t.Helper()
	s, err := openStore(filepath.Join(t.TempDir(), "warm"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStoreTrim(t *testing.T) {
	for _, test := range []struct {
		name  string
		limit int64 // KiB
		want  []string
	}{
		{"all", 1000, []string{"child", "new", "old", "parent"}},
		{"without the oldest", 300, []string{"child", "new", "parent"}},
		{"what is shared stays", 242, []string{"child", "new"}},
		{"the newest", 190, []string{"new"}},
		{"none", 0, nil},
	} {
		s := newStore(t)
		entry(t, s, "old", 9, 100, "")
		entry(t, s, "parent", 5, 100, "")
		entry(t, s, "child", 2, 30, "parent")
		entry(t, s, "new", 1, 100, "")
		if err := os.Mkdir(s.path("not-ours"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := s.trim(test.limit << 10); err != nil {
			t.Error(err)
		}
		if err := os.Remove(s.path("not-ours")); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(test.want, names(t, s.dir)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// TestStoreLocks: a snapshot that is being read stays, and so does the directory of a
// machine that runs. What nobody holds goes.
func TestStoreLocks(t *testing.T) {
	s := newStore(t)
	entry(t, s, "one", 1, 1, "")
	reader, err := cache.LockDir(s.path("one"), unix.LOCK_SH)
	if err != nil {
		t.Fatal(err)
	}
	if removed, err := s.remove("one"); removed || err != nil {
		t.Errorf("removing what is being read: %t, %v", removed, err)
	}
	if err := s.trim(0); err != nil {
		t.Error(err)
	}
	running, err := s.makeLive()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		os.Mkdir(s.path(cache.LivePrefix+"killed"), 0o700), os.Mkdir(s.path(cache.LivePrefix+"killed/entry"), 0o700),
		os.WriteFile(s.path(cache.LivePrefix+"killed/entry/"+ramFile), nil, 0o600), os.Mkdir(s.path(cache.TrashPrefix+"X"), 0o700),
	); err != nil {
		t.Fatal(err)
	}
	if err := s.sweep(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{filepath.Base(running.Name()), "one"}, names(t, s.dir)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	if err := errors.Join(reader.Close(), running.Close(), s.sweep(), s.trim(0)); err != nil {
		t.Error(err)
	}
	if left := names(t, s.dir); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if _, err := cache.LockDir(s.path("one"), unix.LOCK_SH); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("reading what is gone: %v", err)
	}
}

// TestStoreUnsafe: a store that others can look into is not used.
func TestStoreUnsafe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "warm")
	if err := errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, 0o750)); err != nil {
		t.Fatal(err)
	}
	if _, err := openStore(dir); !errors.Is(err, errUnsafe) {
		t.Errorf("with the mode 0750: %v, want %v", err, errUnsafe)
	}
	link := filepath.Join(filepath.Dir(dir), "link")
	if err := errors.Join(os.Chmod(dir, 0o700), os.Symlink(dir, link)); err != nil {
		t.Fatal(err)
	}
	if _, err := openStore(link); !errors.Is(err, errUnsafe) {
		t.Errorf("a link: %v, want %v", err, errUnsafe)
	}
}

// TestRemember: what is known of a file is found out once, until the file changes.
func TestRemember(t *testing.T) {
	s, path := newStore(t), filepath.Join(t.TempDir(), "base")
	ask := func(want string) {
		t.Helper()
		at, err := files.StampOf(path)
		if err != nil {
			t.Fatal(err)
		}
		m := recall(s.dir)
		got, err := m.of(t.Context(), at, sumOf)
		if err = errors.Join(err, m.save()); err != nil || got[:8] != want {
			t.Errorf("got %q, %v, want %s", got, err, want)
		}
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	ask("7692c3ad")
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	m := recall(s.dir)
	for p, f := range m.facts { // what is remembered is used
		f.Text = "remembered"
		m.facts[p], m.changed = f, true
	}
	if err := m.save(); err != nil {
		t.Fatal(err)
	}
	ask("remember")
	write("two") // as large, and as old
	if err := os.Chtimes(path, before.ModTime(), before.ModTime()); err != nil {
		t.Fatal(err)
	}
	ask("3fc4ccfe")
	if err := os.WriteFile(filepath.Join(s.dir, memoryFile), []byte(`{"torn`), 0o600); err != nil {
		t.Fatal(err)
	}
	ask("3fc4ccfe")
}
