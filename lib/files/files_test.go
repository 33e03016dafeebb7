package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/report"
)

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

func TestPendingCommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "product")
	p, err := CreatePending(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Discard()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%q is there before Commit (%v)", path, err)
	}
	if _, err := p.File.WriteString("whole"); err != nil {
		t.Fatal(err)
	}
	if err := p.Commit(); err != nil {
		t.Fatal(err)
	}
	p.Discard() // after Commit it must do nothing
	wantFile(t, path, "whole", 0o666&^umask(t))
}

func umask(t *testing.T) fs.FileMode {
	t.Helper()
	old := unix.Umask(0)
	unix.Umask(old)
	return fs.FileMode(old)
}

// replace writes a file whole, in the place of one that may be there.
func replace(t *testing.T, path, text string) {
	t.Helper()
	p, err := CreatePending(path, true)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Discard()
	if _, err := p.File.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := p.Commit(); err != nil {
		t.Fatal(err)
	}
}

func TestPendingKeepsTheMode(t *testing.T) {
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o666, 0o444} {
		path := filepath.Join(t.TempDir(), "product")
		write(t, path, "old, and longer", mode)
		replace(t, path, "new")
		wantFile(t, path, "new", mode)
	}
}

func TestPendingLongName(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("n", unix.NAME_MAX))
	replace(t, path, "x")
	wantFile(t, path, "x", 0o666&^umask(t))
}

func TestPendingThroughLink(t *testing.T) {
	dir, target := t.TempDir(), filepath.Join(t.TempDir(), "target")
	write(t, target, "old", 0o600)
	link := filepath.Join(dir, "link")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	replace(t, link, "new")
	wantFile(t, target, "new", 0o600)
	if got, err := os.Readlink(link); err != nil || got != target {
		t.Errorf("the link leads to %q (%v), want %q", got, err, target)
	}
}

func TestPendingDiscard(t *testing.T) {
	dir := t.TempDir()
	p, err := CreatePending(filepath.Join(dir, "product"), false)
	if err != nil {
		t.Fatal(err)
	}
	p.Discard()
	p.Discard()
	wantEmpty(t, dir)
}

func TestPendingRefusesToReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "product")
	write(t, path, "old", 0o640)
	_, err := CreatePending(path, false)
	var e *report.Error
	if !errors.As(err, &e) || e.Kind != report.Usage || !strings.Contains(e.Hint, "--force") {
		t.Errorf("got %v, want a usage error that hints at --force", err)
	}
	wantFile(t, path, "old", 0o640)
}

func TestPendingRefusesWhatAppearedMeanwhile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "product")
	p, err := CreatePending(path, false)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, "somebody else's", 0o600)
	if err := p.Commit(); report.KindOf(err) != report.Usage {
		t.Errorf("Commit gave %v, want a usage error", err)
	}
	p.Discard()
	wantFile(t, path, "somebody else's", 0o600)
}

func TestPendingRefusesWhatIsNoFile(t *testing.T) {
	for _, name := range []string{t.TempDir(), "/dev/null"} {
		if _, err := CreatePending(name, true); report.KindOf(err) != report.Usage {
			t.Errorf("CreatePending(%q) gave %v, want a usage error", name, err)
		}
	}
	_, err := CreatePending(filepath.Join(t.TempDir(), "none", "product"), false)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a missing directory: %v", err)
	}
}

func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v (%v)", entries, err)
	}
}
