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
	"strings"
	"testing"

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
		again, err := Digested(i.Path, i.Sums)
		if err != nil || again.Path != i.Path || again.Format != i.Format || again.Size != i.Size {
			t.Errorf("Digested(%q) = %+v, %v", i.Path, again, err)
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
	for _, bad := range []string{dir, filepath.Join(dir, "missing"), "/dev/null"} {
		if _, err := Open(t.Context(), bad, dir, io.Discard); !errors.Is(err, ErrUnusable) {
			t.Errorf("Open(%q): %v, want ErrUnusable", bad, err)
		}
	}
}
