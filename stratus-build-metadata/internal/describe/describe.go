// Package describe reads an image once and tells all that its metadata says
// about its bytes. It must not know where the image comes from, nor what a
// document looks like.
package describe

import (
	"context"
	"io"

	"github.com/stratuslab/stratus/lib/compress"
	"github.com/stratuslab/stratus/lib/digest"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/metadata"
)

// Description is what an image turned out to be. All but Compression is about
// the uncompressed image.
type Description struct {
	metadata.Image
	Format      diskimage.Format
	Compression compress.Kind
}

// Image reads the image to its end. An error wraps compress.ErrCorrupt when the
// bytes of the image are to blame.
func Image(ctx context.Context, r io.Reader) (Description, error) {
	var sniffer diskimage.Sniffer
	sums, err := digest.Stream(ctx, r, &sniffer)
	if err != nil {
		return Description{}, err
	}
	return Description{
		Image:       metadata.Image{Bytes: sums.Bytes, MD5: sums.MD5, SHA1: sums.SHA1, SHA256: sums.SHA256, SHA512: sums.SHA512},
		Format:      sniffer.Format(),
		Compression: sums.Kind,
	}, nil
}
