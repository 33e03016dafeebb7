package endorse

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/stratuslab/stratus/lib/digest"
	"github.com/stratuslab/stratus/lib/report"
)

// CheckImage makes sure that the document describes the image that r holds: its
// size and every checksum, all of them of the uncompressed bytes; the error wraps
// diskimage.ErrMismatch where it does not. name is that of the image, for
// messages.
func (d Document) CheckImage(ctx context.Context, r io.Reader, name string) error {
	if _, err := d.Parsed.Image(); err != nil {
		return report.BadInputf("reading %q: %w", d.Name, err)
	}
	got, err := digest.Stream(ctx, r, digest.Unlimited)
	if errors.Is(err, digest.ErrCorrupt) {
		return report.BadInputf("reading the image %q: %w", name, err)
	}
	if err != nil {
		return fmt.Errorf("reading the image %q: %w", name, err)
	}
	if err := d.Parsed.CheckImage(got); err != nil {
		return report.WithHint(report.BadInputf("comparing the image %q with %q: %w", name, d.Name, err),
			"describe this image anew: stratus-build-metadata --draft DOCUMENT IMAGE")
	}
	return nil
}
