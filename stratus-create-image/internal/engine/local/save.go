package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/stratuslab/stratus/lib/digest"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// writeImage writes the content of the overlay and its base to out, in the form of the
// target, and returns the digests of the image before compression. scratch is a
// directory for intermediate files. The image's bytes go to progress as they are
// digested.
//
// The bytes that are digested are those of out itself or, where it is
// compressed, those that go into the compressor.
func writeImage(ctx context.Context, overlay string, t *engine.Target, out *os.File, scratch string, progress io.Writer) (diskimage.Image, error) {
	if t.Compression == "" {
		if err := fill(ctx, overlay, t, out, scratch); err != nil {
			return diskimage.Image{}, err
		}
		return digest.Raw(ctx, out, progress)
	}
	image, err := os.OpenFile(filepath.Join(scratch, "image"), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return diskimage.Image{}, fmt.Errorf("saving the image: %w", err)
	}
	defer func() { _ = errors.Join(image.Close(), os.Remove(image.Name())) }()
	if err := fill(ctx, overlay, t, image, scratch); err != nil {
		return diskimage.Image{}, err
	}
	compressor, err := newCompressor(ctx, t.Compression, out)
	if err != nil {
		return diskimage.Image{}, err
	}
	sums, err := digest.Raw(ctx, image, compressor, progress)
	return sums, errors.Join(err, compressor.Close())
}

// fill writes the uncompressed image to an open, empty file.
func fill(ctx context.Context, overlay string, t *engine.Target, image *os.File, scratch string) error {
	if t.Format != diskimage.Ova {
		return convert(ctx, overlay, image, t)
	}
	disk, err := os.OpenFile(filepath.Join(scratch, "disk.vmdk"), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("saving the image: %w", err)
	}
	defer func() { _ = errors.Join(disk.Close(), os.Remove(disk.Name())) }()
	if err := convert(ctx, overlay, disk, t); err != nil {
		return err
	}
	if err := t.Pack(ctx, image, disk.Name()); err != nil {
		return fmt.Errorf("saving the appliance: %w", err)
	}
	if _, err := image.Seek(0, io.SeekStart); err != nil { // qemu-img writes by name
		return fmt.Errorf("saving the appliance: %w", err)
	}
	return nil
}

// convert writes the image, or the disk of an appliance, to an open file, by
// its name, and checks that the result names no other files.
func convert(ctx context.Context, overlay string, image *os.File, t *engine.Target) error {
	if err := convertDisk(ctx, overlay, image.Name(), t); err != nil {
		return err
	}
	format := t.Format
	if format == diskimage.Ova {
		format = diskimage.Vmdk
	}
	info, err := image.Stat()
	if err != nil {
		return fmt.Errorf("saving the image: %w", err)
	}
	if _, err := diskimage.CheckSelfContained(image, info.Size(), format); err != nil {
		return fmt.Errorf("checking the saved image: %w", err)
	}
	return nil
}
