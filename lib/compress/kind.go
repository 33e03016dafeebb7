// Package compress tells from the first bytes of a stream how it is compressed
// and gives the bytes inside. It knows gzip, bzip2, xz and zstd; it must not
// know file names, disk images or checksums of what it unpacks.
package compress

import (
	"bytes"
	"fmt"
)

// Kind names a compression: the word of dcterms:compression, which is also the
// usual file extension.
type Kind string

// The compressions that are recognised.
const (
	None  Kind = ""
	Gzip  Kind = "gz"
	Bzip2 Kind = "bz2"
	Xz    Kind = "xz"
	Zstd  Kind = "zst"
)

// headSize is how many bytes Detect needs to tell every kind.
const headSize = 6

// Parse reads the name of a compression: a Kind, or one of the program names
// gzip, bzip2 and zstd, or none.
func Parse(name string) (Kind, error) {
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
	return None, fmt.Errorf("unknown compression %q: want gz, bz2, xz, zst or none", name)
}

// Detect tells the compression of a stream that begins with head. Six bytes
// are enough; a head that is cut inside the magic number is None.
func Detect(head []byte) Kind {
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

// isSkippable tells a zstd skippable frame, which pzstd puts first.
func isSkippable(head []byte) bool {
	return len(head) >= 4 && head[0]&0xf0 == 0x50 && string(head[1:4]) == "\x2a\x4d\x18"
}
