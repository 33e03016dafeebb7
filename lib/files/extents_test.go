package files

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestCopyData copies files with holes, and compares content, sums and what is data.
func TestCopyData(t *testing.T) {
	type part struct {
		at   int64
		text string
	}
	page := string(bytes.Repeat([]byte("page"), holeSize/4))
	tests := []struct {
		name  string
		size  int64
		parts []part
		data  int64
	}{
		{"empty", 0, nil, 0},
		{"one hole", 3 << 20, nil, 0},
		{"data only", holeSize, []part{{0, page}}, holeSize},
		{"an odd end", 2*holeSize + 5, []part{{2 * holeSize, "12345"}}, 5},
		{"in a hole", 5 << 20, []part{{1<<20 - 7, "across two blocks"}, {4 << 20, "x"}}, 3 * holeSize},
		{"zeros that are data", 4 * holeSize, []part{{0, string(make([]byte, 4*holeSize))}, {holeSize, page}}, holeSize},
	}
	sums := make(map[uint32]string)
	for _, test := range tests {
		dir := t.TempDir()
		src, dst := create(t, filepath.Join(dir, "src")), create(t, filepath.Join(dir, "dst"))
		if err := src.Truncate(test.size); err != nil {
			t.Fatal(err)
		}
		for _, p := range test.parts {
			if _, err := src.WriteAt([]byte(p.text), p.at); err != nil {
				t.Fatal(err)
			}
		}
		sum, again := crc32.NewIEEE(), crc32.NewIEEE()
		data, err := CopyData(t.Context(), dst, src, sum)
		if err != nil || data != test.data {
			t.Errorf("%s: %d bytes of data, %v, want %d", test.name, data, err, test.data)
		}
		if data, err := CopyData(t.Context(), nil, dst, again); err != nil || data != test.data || again.Sum32() != sum.Sum32() {
			t.Errorf("%s: the copy has %d bytes of data and the sum %x, want %x (%v)", test.name, data, again.Sum32(), sum.Sum32(), err)
		}
		if want, got := read(t, src.Name()), read(t, dst.Name()); !bytes.Equal(want, got) {
			t.Errorf("%s: the copy differs", test.name)
		}
		var stat unix.Stat_t
		if err := unix.Fstat(int(dst.Fd()), &stat); err != nil || stat.Blocks*512 > test.data+2*holeSize {
			t.Errorf("%s: the copy takes %d bytes, %v", test.name, stat.Blocks*512, err)
		}
		if other, ok := sums[sum.Sum32()]; ok && test.data > 0 {
			t.Errorf("%s has the sum of %s", test.name, other)
		}
		sums[sum.Sum32()] = test.name
	}
}

func TestCopyDataStops(t *testing.T) {
	src := create(t, filepath.Join(t.TempDir(), "src"))
	if _, err := src.WriteString("data"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	if _, err := CopyData(ctx, nil, src, nil); !errors.Is(err, enough) {
		t.Errorf("got %v, want %v", err, enough)
	}
}

func create(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
