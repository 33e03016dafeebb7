package base

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/stratuslab/stratus/lib/digest"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/files"
)

// load digests the image, and decompresses it if it is compressed.
func (i *Image) load(ctx context.Context, f *os.File, scratch string, progress io.Writer) error {
	compression, err := i.compression(f)
	if err != nil {
		return err
	}
	if compression == diskimage.None {
		if err := i.inspect(f); err != nil {
			return err
		}
		err := i.digest(ctx, f, progress)
		i.File = i.Sums.SHA256
		return err
	}
	i.Path, i.copied = filepath.Join(scratch, "base"), true
	if scratch == "" {
		err := i.digestPacked(ctx, f, progress)
		i.Format = i.Sums.Format
		return err
	}
	copied, err := os.OpenFile(i.Path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("decompressing %q: %w", i.name, err)
	}
	defer copied.Close()
	w := files.NewSparse(copied, 0)
	if err := i.digestPacked(ctx, f, progress, w); err != nil {
		return err
	}
	if err := w.Finish(); err != nil {
		return fmt.Errorf("decompressing %q: %w", i.name, err)
	}
	return i.inspect(copied)
}

// digestPacked digests the compressed file as well.
func (i *Image) digestPacked(ctx context.Context, f *os.File, sinks ...io.Writer) error {
	whole := sha256.New()
	err := i.digest(ctx, io.TeeReader(f, whole), sinks...)
	i.File = whole.Sum(nil)
	return err
}

func (i *Image) digest(ctx context.Context, f io.Reader, sinks ...io.Writer) error {
	var err error
	i.Sums, err = digest.Stream(ctx, f, i.limit, sinks...)
	if errors.Is(err, digest.ErrCorrupt) {
		return fmt.Errorf("%w: reading %q of %d bytes: %w", ErrUnusable, i.name, i.file.Size(), err)
	}
	if err != nil {
		return fmt.Errorf("reading %q: %w", i.name, err)
	}
	return nil
}

// inspect finds out from the header alone what the image is and whether QEMU can
// use it safely.
func (i *Image) inspect(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("reading %q: %w", i.name, err)
	}
	if i.Format, err = diskimage.DetectFile(f, info.Size()); err != nil {
		return fmt.Errorf("reading %q: %w", i.name, err)
	}
	switch i.Format {
	case diskimage.Ova:
		return nil
	case diskimage.Raw: // a machine cannot start from what is still compressed
		if compression, err := i.compression(f); err != nil || compression != diskimage.None {
			return cmp.Or(err, fmt.Errorf("%w: %q: compressed more than once", ErrUnusable, i.name))
		}
	}
	if i.Size, err = diskimage.CheckSelfContained(f, info.Size(), i.Format); err != nil {
		return fmt.Errorf("%w: %q: %w", ErrUnusable, i.name, err)
	}
	return i.checkSize()
}

// compression finds out from the beginning of a file how it is compressed.
func (i *Image) compression(f *os.File) (diskimage.Compression, error) {
	head := make([]byte, diskimage.CompressionHead)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading %q: %w", i.name, err)
	}
	return diskimage.DetectCompression(head[:n]), nil
}

func (i *Image) checkSize() error {
	if i.Size <= 0 || i.Size > maxDisk {
		return fmt.Errorf("%w: %q: a disk of %d bytes; want 1 to %d", ErrUnusable, i.name, i.Size, int64(maxDisk))
	}
	return nil
}
