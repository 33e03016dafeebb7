package base

import (
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stratuslab/stratus/lib/diskimage"
)

func TestSparseWriter(t *testing.T) {
	data := make([]byte, 10<<20)
	copy(data[5000:], "five thousand")
	copy(data[8<<20:], bytes.Repeat([]byte("x"), 70000))
	f, err := os.Create(t.TempDir() + "/f")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := &sparseWriter{file: f}
	for rest := data; len(rest) > 0; {
		n := min(len(rest), 12345)
		if _, err := w.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := f.Truncate(int64(len(data))); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(f.Name())
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("read back something else, %v", err)
	}
	var stat syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &stat); err != nil {
		t.Fatal(err)
	}
	if stat.Blocks*512 > 1<<20 {
		t.Errorf("%d bytes are allocated for a file of holes", stat.Blocks*512)
	}
}

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
