package fetch

import (
	"bytes"
	"fmt"

	"github.com/stratuslab/stratus/lib/diskimage"
)

// Want is what an image must be.
type Want struct {
	// Image is about the uncompressed image; a field that is zero is not known.
	Image diskimage.Image
	// SHA256 is the digest of the file as it is downloaded, or of the uncompressed
	// image in it: a user seldom knows which. It is nil where it is not known.
	SHA256 []byte
}

// Check compares an image with w. file is the SHA-256 of the file as it was
// downloaded, nil where it is not known. The error wraps diskimage.ErrMismatch.
func (w Want) Check(got diskimage.Image, file []byte) error {
	if err := w.Image.Check(got); err != nil {
		return err
	}
	switch {
	case w.SHA256 == nil, bytes.Equal(w.SHA256, got.SHA256), bytes.Equal(w.SHA256, file):
		return nil
	case file == nil || bytes.Equal(file, got.SHA256):
		return fmt.Errorf("%w: its SHA-256 is %x, want %x", diskimage.ErrMismatch, got.SHA256, w.SHA256)
	}
	return fmt.Errorf("%w: its SHA-256 is %x, uncompressed %x, want %x", diskimage.ErrMismatch, file, got.SHA256, w.SHA256)
}

// Name names the image by its best digest, such as "sha256-" and 64 hexadecimal
// digits. It is safe as a file name, and empty without any digest.
func (w Want) Name() string {
	for _, digest := range []struct {
		name string
		sum  []byte
	}{
		{"file-sha256", w.SHA256}, {"sha256", w.Image.SHA256}, {"sha512", w.Image.SHA512}, {"sha1", w.Image.SHA1},
	} {
		if digest.sum != nil {
			return fmt.Sprintf("%s-%x", digest.name, digest.sum)
		}
	}
	return ""
}
