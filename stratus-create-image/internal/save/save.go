package save

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/stratuslab/stratus/lib/digest"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/stratus-create-image/internal/qemuimg"
)

// Write writes the content of the overlay, over its base, to out as the target
// asks, and digests the (uncompressed) image. scratch is a directory for an
// intermediate file. progress receives the image's bytes as they are digested.
//
// The bytes that are digested are those of out itself or, where it is
// compressed, those that go into the compressor.
func Write(ctx context.Context, overlay string, t Target, out *os.File, scratch string, progress io.Writer) (digest.Sums, error) {
	if t.Compression == "" {
		if err := convert(ctx, overlay, out, t.Format); err != nil {
			return digest.Sums{}, err
		}
		return digest.Raw(ctx, out, progress)
	}
	image, err := os.OpenFile(filepath.Join(scratch, "image"), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return digest.Sums{}, fmt.Errorf("saving the image: %w", err)
	}
	defer func() { _ = errors.Join(image.Close(), os.Remove(image.Name())) }()
	if err := convert(ctx, overlay, image, t.Format); err != nil {
		return digest.Sums{}, err
	}
	compressor, err := newCompressor(ctx, t.Compression, out)
	if err != nil {
		return digest.Sums{}, err
	}
	sums, err := digest.Raw(ctx, image, compressor, progress)
	return sums, errors.Join(err, compressor.Close())
}

// convert writes the image to an open file, by its name, and makes sure that
// the result stands alone.
func convert(ctx context.Context, overlay string, image *os.File, format diskimage.Format) error {
	if err := qemuimg.Convert(ctx, overlay, image.Name(), format); err != nil {
		return err
	}
	info, err := image.Stat()
	if err != nil {
		return fmt.Errorf("saving the image: %w", err)
	}
	if err := diskimage.CheckSelfContained(image, info.Size(), format); err != nil {
		return fmt.Errorf("checking the saved image: %w", err)
	}
	return nil
}
