// Package claim compares an image with what is claimed of it. It must not know
// who claims it, nor where the image is.
package claim

import (
	"bytes"
	"fmt"

	"github.com/stratuslab/stratus/lib/diskimage"
)

// Claim is what is said of an image.
type Claim struct {
	// Image is about the uncompressed image. Bytes is 0 where nobody says.
	Image diskimage.Image
	// SHA256 is the digest of the file as it came, or of the uncompressed image
	// in it: who gives one seldom knows which. It is nil where nobody says.
	SHA256 []byte
}

// Check compares an image with the claim: every digest that is claimed must be
// that of the image. file is the SHA-256 of the file as it came; it may be nil
// where that is gone. The error wraps
// diskimage.ErrMismatch.
func (c Claim) Check(got diskimage.Image, file []byte) error {
	if err := c.Image.Check(got); err != nil {
		return err
	}
	switch {
	case c.SHA256 == nil, bytes.Equal(c.SHA256, got.SHA256), bytes.Equal(c.SHA256, file):
		return nil
	case file == nil || bytes.Equal(file, got.SHA256):
		return fmt.Errorf("%w: its SHA-256 is %x, want %x", diskimage.ErrMismatch, got.SHA256, c.SHA256)
	}
	return fmt.Errorf("%w: its SHA-256 is %x, uncompressed %x, want %x", diskimage.ErrMismatch, file, got.SHA256, c.SHA256)
}

// Name names the image by the best digest that is claimed, such as
// "sha256-" and 64 hexadecimal digits. It is safe as the name of a file, and
// empty without any digest.
func (c Claim) Name() string {
	switch {
	case c.SHA256 != nil:
		return fmt.Sprintf("file-sha256-%x", c.SHA256)
	case c.Image.SHA256 != nil:
		return fmt.Sprintf("sha256-%x", c.Image.SHA256)
	case c.Image.SHA512 != nil:
		return fmt.Sprintf("sha512-%x", c.Image.SHA512)
	case c.Image.SHA1 != nil:
		return fmt.Sprintf("sha1-%x", c.Image.SHA1)
	}
	return ""
}
