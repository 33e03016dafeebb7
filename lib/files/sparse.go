package files

import (
	"bytes"
	"os"
)

// Sparse writes a file from one offset on and leaves holes where the data is
// zero. What it does not write over must be a hole, or behind the file's end.
type Sparse struct {
	file   *os.File
	offset int64
}

// NewSparse makes a writer that begins at the offset.
func NewSparse(f *os.File, offset int64) *Sparse { return &Sparse{f, offset} }

// holeSize is the unit in which zeros are looked for: a file system's block.
const holeSize = 4096

func (w *Sparse) Write(p []byte) (int, error) {
	start := 0 // of the data that has not been written
	for at := 0; at < len(p); {
		next := min(len(p), at+holeSize)
		if isZero(p[at:next]) {
			if err := w.writeAt(p[start:at], start); err != nil {
				return start, err
			}
			start = next
		}
		at = next
	}
	if err := w.writeAt(p[start:], start); err != nil {
		return start, err
	}
	w.offset += int64(len(p))
	return len(p), nil
}

func (w *Sparse) writeAt(data []byte, shift int) error {
	if len(data) == 0 {
		return nil
	}
	_, err := w.file.WriteAt(data, w.offset+int64(shift))
	return err
}

// Finish sets the size of the file, which a hole at its end does not.
func (w *Sparse) Finish() error { return w.file.Truncate(w.offset) }

var zeros [holeSize]byte

// isZero reports whether a block, of at most holeSize bytes, is zero.
func isZero(block []byte) bool { return bytes.Equal(block, zeros[:len(block)]) }
