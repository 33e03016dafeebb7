package cache

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"

	"github.com/stratuslab/stratus/lib/files"
)

// ManifestFile is the file of a snapshot that describes it; its time is that of the
// last use. It is the CRC-32C of the rest in 8 hexadecimal digits and a new line, then
// JSON.
const ManifestFile = "manifest.json"

// maxManifest bounds a manifest, in bytes.
const maxManifest = 64 << 20

// Sums are what the files of a snapshot are checked by, by their names. A manifest has
// them as Files.
type Sums map[string]Sum

// Sum is what the content of a file is checked by, as files.CopyData returns it.
type Sum struct {
	Size, Data int64  // bytes, with and without zeros
	CRC        uint32 // CRC-32C
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// CopySummed copies a file, as files.CopyData does, and returns what its content can be
// checked by. dst may be nil.
func CopySummed(ctx context.Context, dst, src *os.File) (Sum, error) {
	sum := crc32.New(castagnoli)
	info, err := src.Stat()
	if err != nil {
		return Sum{}, err
	}
	data, err := files.CopyData(ctx, dst, src, sum)
	return Sum{info.Size(), data, sum.Sum32()}, err
}

// CopyFile copies a file to a new one, or reads it where to is empty.
func CopyFile(ctx context.Context, to, from string) (got Sum, err error) {
	src, err := files.OpenRegular(from, os.O_RDONLY, false)
	if err != nil {
		return Sum{}, err
	}
	defer src.Close()
	if to == "" {
		return CopySummed(ctx, nil, src)
	}
	dst, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return Sum{}, err
	}
	got, err = CopySummed(ctx, dst, src)
	return got, errors.Join(err, dst.Close())
}

// ErrDamaged reports an image or a snapshot that is not as it was made.
var ErrDamaged = errors.New("it is damaged")

// Check checks that a file's content is what the snapshot was made with.
func (s Sums) Check(name string, got Sum) error {
	if want, ok := s[name]; !ok || want != got {
		return fmt.Errorf("%w: the file %q is not what it was", ErrDamaged, name)
	}
	return nil
}

// WriteManifest writes the manifest of a snapshot to its directory.
func WriteManifest(dir string, manifest any) error {
	text, err := json.Marshal(manifest)
	if err != nil {
		return err
	}
	head := fmt.Sprintf("%08x\n", crc32.Checksum(text, castagnoli))
	return os.WriteFile(filepath.Join(dir, ManifestFile), append([]byte(head), text...), 0o600)
}

// ReadManifest reads the manifest of a snapshot from its directory.
func ReadManifest(dir string, manifest any) error {
	f, err := files.OpenRegular(filepath.Join(dir, ManifestFile), os.O_RDONLY, false)
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := files.ReadAll(f, maxManifest)
	if err != nil {
		return fmt.Errorf("%w: reading its manifest: %w", ErrDamaged, err)
	}
	head, text, _ := bytes.Cut(text, []byte("\n"))
	sum, err := strconv.ParseUint(string(head), 16, 32)
	if err != nil || uint32(sum) != crc32.Checksum(text, castagnoli) {
		return fmt.Errorf("%w: its manifest is not what it was", ErrDamaged)
	}
	if err := json.Unmarshal(text, manifest); err != nil {
		return fmt.Errorf("%w: reading its manifest: %w", ErrDamaged, err)
	}
	return nil
}
