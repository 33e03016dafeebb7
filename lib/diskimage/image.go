package diskimage

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// ErrMismatch is wrapped by the errors of Check.
var ErrMismatch = errors.New("not the image that is wanted")

// Image holds what is known of the bytes of an image. All but Compression is
// about the uncompressed image; a field that is zero is not known.
type Image struct {
	Bytes                     int64 // size
	MD5, SHA1, SHA256, SHA512 []byte
	Format                    Format
	Compression               Compression // of the file that holds the image
}

// Algorithm names a digest of an Image as image metadata does.
type Algorithm string

// The digests of an Image.
const (
	MD5    Algorithm = "MD5"
	SHA1   Algorithm = "SHA-1"
	SHA256 Algorithm = "SHA-256"
	SHA512 Algorithm = "SHA-512"
)

// Algorithms returns all of them, the weakest first.
func Algorithms() []Algorithm { return []Algorithm{MD5, SHA1, SHA256, SHA512} }

// Size returns the length of a digest in bytes, 0 for an unknown algorithm.
func (a Algorithm) Size() int {
	return map[Algorithm]int{MD5: md5.Size, SHA1: sha1.Size, SHA256: sha256.Size, SHA512: sha512.Size}[a]
}

// Parse reads a digest in hexadecimal digits of either case.
func (a Algorithm) Parse(digits string) ([]byte, error) {
	digest, err := hex.DecodeString(digits)
	if err != nil || len(digest) != a.Size() {
		return nil, fmt.Errorf("not a valid %s digest; want %d hexadecimal digits", a, 2*a.Size())
	}
	return digest, nil
}

// Digest returns the field of i that holds the digest, nil for an unknown
// algorithm.
func (i *Image) Digest(a Algorithm) *[]byte {
	return map[Algorithm]*[]byte{MD5: &i.MD5, SHA1: &i.SHA1, SHA256: &i.SHA256, SHA512: &i.SHA512}[a]
}

// Digests yields the digests that are known, the weakest first.
func (i *Image) Digests() iter.Seq2[Algorithm, []byte] {
	return func(yield func(Algorithm, []byte) bool) {
		for _, a := range Algorithms() {
			if digest := *i.Digest(a); len(digest) > 0 && !yield(a, digest) {
				return
			}
		}
	}
}

// Check compares the size and the digests of an image with those of i that are
// known. The error wraps ErrMismatch and names everything that differs, the
// strongest digest first.
func (i Image) Check(got Image) error {
	var differences []string
	if i.Bytes != 0 && got.Bytes != i.Bytes {
		differences = append(differences, fmt.Sprintf("it has %d bytes, want %d", got.Bytes, i.Bytes))
	}
	for _, a := range slices.Backward(Algorithms()) {
		if want := *i.Digest(a); len(want) > 0 && !bytes.Equal(*got.Digest(a), want) {
			differences = append(differences, fmt.Sprintf("its %s is %x, want %x", a, *got.Digest(a), want))
		}
	}
	switch len(differences) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("%w: %s", ErrMismatch, differences[0])
	}
	return fmt.Errorf("%w:\n  %s", ErrMismatch, strings.Join(differences, "\n  "))
}
