package files

import (
	"bytes"
	"os"
	"syscall"
	"testing"
)

func TestWriter(t *testing.T) {
	data := make([]byte, 10<<20)
	copy(data[5000:], "five thousand")
	copy(data[8<<20:], bytes.Repeat([]byte("x"), 70000))
	f, err := os.Create(t.TempDir() + "/f")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	write := func(w *Sparse, rest []byte) {
		t.Helper()
		for len(rest) > 0 {
			n := min(len(rest), 12345)
			if _, err := w.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := w.Finish(); err != nil {
			t.Fatal(err)
		}
	}
	const half = 6<<20 + 1 // within a hole
	write(NewSparse(f, 0), data[:half])
	write(NewSparse(f, half), data[half:])
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
