package base

import (
	"bytes"
	"os"
)

// sparseWriter writes a file from its start and leaves holes where the data is
// zero. The file's size is the caller's to set at the end.
type sparseWriter struct {
	file   *os.File
	offset int64
}

// holeSize is the unit in which zeros are looked for: a file system's block.
const holeSize = 4096

func (w *sparseWriter) Write(p []byte) (int, error) {
	var zeros [holeSize]byte
	start := 0 // of the data that has not been written
	for at := 0; at < len(p); {
		next := min(len(p), at+holeSize)
		if block := p[at:next]; bytes.Equal(block, zeros[:len(block)]) {
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

func (w *sparseWriter) writeAt(data []byte, shift int) error {
	if len(data) == 0 {
		return nil
	}
	_, err := w.file.WriteAt(data, w.offset+int64(shift))
	return err
}
