package diskimage

import (
	"bytes"
	"errors"
)

// Compression names how the file that holds an image is compressed: the word of
// dcterms:compression, which is also the usual file extension.
type Compression string

// The compressions that are recognised.
const (
	None  Compression = ""
	Gzip  Compression = "gz"
	Bzip2 Compression = "bz2"
	Xz    Compression = "xz"
	Zstd  Compression = "zst"
)

// CompressionHead is how many bytes DetectCompression needs.
const CompressionHead = 6

// ParseCompression reads a compression, one of the program names gzip, bzip2
// and zstd, or none.
func ParseCompression(name string) (Compression, error) {
	switch name {
	case "", "none":
		return None, nil
	case "gz", "gzip":
		return Gzip, nil
	case "bz2", "bzip2":
		return Bzip2, nil
	case "xz":
		return Xz, nil
	case "zst", "zstd":
		return Zstd, nil
	}
	return None, errors.New("not supported; want gz, bz2, xz, zst or none")
}

// DetectCompression returns the compression of a stream that begins with head.
// A head that is cut inside the magic number is None.
func DetectCompression(head []byte) Compression {
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b\x08")):
		return Gzip
	case len(head) >= 4 && bytes.HasPrefix(head, []byte("BZh")) && '1' <= head[3] && head[3] <= '9':
		return Bzip2
	case bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")):
		return Xz
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")), isSkippable(head):
		return Zstd
	}
	return None
}

// isSkippable reports a zstd skippable frame, which pzstd puts first.
func isSkippable(head []byte) bool {
	return len(head) >= 4 && head[0]&0xf0 == 0x50 && string(head[1:4]) == "\x2a\x4d\x18"
}
