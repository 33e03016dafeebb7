package digest

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/stratuslab/stratus/lib/diskimage"
)

// FuzzDecompress: any input either gives bytes or an error about the data.
func FuzzDecompress(f *testing.F) {
	data := text(150)
	for _, command := range []string{"gzip", "bzip2", "zstd"} {
		f.Add(pack(f, data, command))
	}
	f.Add([]byte("plain"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		if diskimage.DetectCompression(stream) == diskimage.Xz {
			t.Skip("the program's business, and a process each time")
		}
		r, err := Decompress(t.Context(), bytes.NewReader(stream), Unlimited)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Close() }()
		if _, err := io.Copy(io.Discard, io.LimitReader(r, 64<<20)); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
	})
}
