package base

import (
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/diskimage"
)

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	disk := make([]byte, 1<<20)
	copy(disk, "not a boot sector")
	plain, packed := filepath.Join(dir, "disk.qcow2"), filepath.Join(dir, "disk.raw") // the names lie
	if err := os.WriteFile(plain, disk, 0o600); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(disk); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(packed, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha1.Sum(disk)
	for _, name := range []string{plain, packed} {
		scratch := t.TempDir()
		i, err := Open(t.Context(), name, scratch, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(i.Path)
		if err != nil || !bytes.Equal(got, disk) || !bytes.Equal(i.Sums.SHA1, sum[:]) || i.Format != diskimage.Raw || i.Size != 1<<20 {
			t.Errorf("Open(%q) = %+v, %v", name, i, err)
		}
		whole, err := os.ReadFile(name)
		if want := sha256.Sum256(whole); err != nil || !bytes.Equal(i.File, want[:]) {
			t.Errorf("%q: SHA-256 of the file: got %x, want %x, %v", name, i.File, want, err)
		}
		f, err := os.Open(i.Path)
		if err != nil {
			t.Fatal(err)
		}
		again, err := openDigested(f, i.Sums)
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if err != nil || again.Path != i.Path || again.Format != i.Format || again.Size != i.Size {
			t.Errorf("openDigested(%q) = %+v, %v", i.Path, again, err)
		}
		if err := i.CheckUnchanged(); err != nil {
			t.Error(err)
		}
		if err := os.Truncate(name, 2<<20); err != nil {
			t.Fatal(err)
		}
		if err := i.CheckUnchanged(); err == nil || !strings.Contains(err.Error(), "changed while") {
			t.Errorf("after a change: %v", err)
		}
	}
	pipe := filepath.Join(dir, "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{dir, filepath.Join(dir, "missing"), "/dev/null", pipe} {
		if _, err := Open(t.Context(), bad, dir, io.Discard); !errors.Is(err, ErrUnusable) ||
			!strings.Contains(err.Error(), strconv.Quote(bad)) {
			t.Errorf("Open(%q): %v, want ErrUnusable with the name", bad, err)
		}
	}
}

// TestReplaced: another file of the same size and time is another file.
func TestReplaced(t *testing.T) {
	dir := t.TempDir()
	name, other := filepath.Join(dir, "disk"), filepath.Join(dir, "other")
	for _, path := range []string{name, other} {
		if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Unix(1e9, 0), time.Unix(1e9, 0)); err != nil {
			t.Fatal(err)
		}
	}
	i, err := Open(t.Context(), name, "", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := i.CheckUnchanged(); err != nil {
		t.Error(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.Rename(other, name); err != nil {
		t.Fatal(err)
	}
	if err := i.CheckUnchanged(); err == nil || !strings.Contains(err.Error(), "changed while") {
		t.Errorf("after a replacement: %v", err)
	}
	// The path that it would give leads to the other file.
	if _, err := openDigested(f, i.Sums); err == nil || !strings.Contains(err.Error(), "changed while") {
		t.Errorf("the file that was opened before: %v", err)
	}
}
