package publish

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/registry"
)

// TestFiles: a directory of this host and one behind sshd behave alike.
func TestFiles(t *testing.T) {
	both(t, func(t *testing.T, f files, dir string) {
		if _, err := f.ReadDir("x"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("reading where nothing is: %v", err)
		}
		if err := f.Mkdir("a"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("making a directory where nothing is: %v", err)
		}
		must(t, f.MkdirAll("a/b"))
		must(t, f.MkdirAll("a/b"))
		must(t, f.Create("a/b/one", []byte("1"), true))
		must(t, f.Create("a/two", bytes.Repeat([]byte("2"), 300_000), false))
		must(t, f.SyncDir("a/b"))
		must(t, f.Sync())
		t.Run("errors", func(t *testing.T) { filesErrors(t, f, dir) })
		t.Run("changes", func(t *testing.T) { filesChanges(t, f, dir) })
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func filesErrors(t *testing.T, f files, dir string) {
	must(t, os.Symlink("one", filepath.Join(dir, "a/b/link")))
	must(t, os.Symlink("/etc/passwd", filepath.Join(dir, "a/b/passwd")))
	must(t, syscall.Mkfifo(filepath.Join(dir, "a/b/pipe"), 0o600))
	read := func(name string, limit int64) func() error {
		return func() error {
			body, err := f.ReadFile(name, limit)
			if err != nil && len(body) > 0 {
				t.Errorf("%s: %d bytes with an error", name, len(body))
			}
			return err
		}
	}
	tests := map[string]struct {
		do   func() error
		want error
	}{
		"create what exists":            {func() error { return f.Create("a/b/one", nil, true) }, fs.ErrExist},
		"create over a link":            {func() error { return f.Create("a/b/link", nil, true) }, fs.ErrExist},
		"create nowhere":                {func() error { return f.Create("a/c/one", nil, true) }, fs.ErrNotExist},
		"make what exists":              {func() error { return f.Mkdir("a/b") }, fs.ErrExist},
		"make what is a file":           {func() error { return f.Mkdir("a/two") }, fs.ErrExist},
		"read nothing":                  {read("a/none", 10), fs.ErrNotExist},
		"read below a file":             {read("a/two/none", 10), fs.ErrNotExist},
		"read what is too long":         {read("a/two", 299_999), registry.ErrUnfit},
		"read a directory":              {read("a/b", 10), registry.ErrUnfit},
		"read a link":                   {read("a/b/link", 10), registry.ErrUnfit},
		"read a link that leads out":    {read("a/b/passwd", 1<<20), registry.ErrUnfit},
		"read a pipe":                   {read("a/b/pipe", 10), registry.ErrUnfit},
		"list a file":                   {func() error { _, err := f.ReadDir("a/two"); return err }, fs.ErrNotExist},
		"look at nothing":               {func() error { _, err := f.Lstat("a/none"); return err }, fs.ErrNotExist},
		"look below a file":             {func() error { _, err := f.Lstat("a/two/none"); return err }, fs.ErrNotExist},
		"rename nothing":                {func() error { return f.Rename("a/none", "a/other") }, fs.ErrNotExist},
		"rename newly to what exists":   {func() error { return f.RenameNew("a/two", "a/b/one") }, fs.ErrExist},
		"rename newly nothing":          {func() error { return f.RenameNew("a/none", "a/other") }, fs.ErrNotExist},
		"touch nothing":                 {func() error { return f.Touch("a/none", now) }, fs.ErrNotExist},
		"remove nothing":                {func() error { return f.Remove("a/none") }, fs.ErrNotExist},
		"rename newly below what is no": {func() error { return f.RenameNew("a/two", "a/c/two") }, fs.ErrNotExist},
	}
	for name, test := range tests {
		err := test.do()
		if !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		} else if !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v does not name the file", name, err)
		}
	}
	if err := f.Remove("a/b"); err == nil {
		t.Error("a directory with files was removed")
	}
	if err := f.Rename("a/two", "a/b"); err == nil {
		t.Error("a directory was replaced by a file")
	}
	for _, name := range []string{"link", "passwd", "pipe"} {
		must(t, f.Remove("a/b/"+name))
	}
}

func filesChanges(t *testing.T, f files, dir string) {
	body, err := f.ReadFile("a/two", 300_000)
	if err != nil || len(body) != 300_000 {
		t.Errorf("read %d bytes, %v", len(body), err)
	}
	must(t, f.Create("a/other", nil, false))
	must(t, f.Rename("a/two", "a/other"))
	must(t, f.RenameNew("a/other", "a/b/three"))
	must(t, f.Touch("a/b/one", now.Add(time.Hour)))
	info, err := f.Lstat("a/b/one")
	must(t, err)
	if info.Mode() != 0o644 || info.Size() != 1 || !info.ModTime().Equal(now.Add(time.Hour)) {
		t.Errorf("got %v, %d bytes, of %v", info.Mode(), info.Size(), info.ModTime())
	}
	if info, err := os.Stat(filepath.Join(dir, "a/b")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("the directory is %v, %v", info.Mode(), err)
	}
	entries, err := f.ReadDir("a/b")
	must(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"one", "three"}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	must(t, f.Remove("a/b/one"))
	must(t, f.Remove("a/b/three"))
	must(t, f.Remove("a/b"))
	if left := tree(t, dir); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestLocal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	if _, err := Local(file); err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("a file as a registry: %v", err)
	}
}
