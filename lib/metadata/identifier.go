package metadata

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
)

// identifierLength is the number of base 64 digits that hold 160 bits.
const identifierLength = 27

// IdentifierOf returns the identifier of the uncompressed image that has the
// given SHA-1 digest of 20 bytes: the digest as a number in base 64, the most
// significant digit first, 27 characters. It is empty for any other length.
func IdentifierOf(digest []byte) string {
	if len(digest) != sha1.Size {
		return ""
	}
	// A zero byte in front makes the bits fill base64 digits from the right,
	// and one digit too many, which is zero.
	padded := append([]byte{0}, digest...)
	return base64.RawURLEncoding.EncodeToString(padded)[1:]
}

// DecodeIdentifier returns the SHA-1 digest, 20 bytes, that an identifier
// stands for.
func DecodeIdentifier(id string) ([]byte, error) {
	const zero = "A"
	padded, err := base64.RawURLEncoding.DecodeString(zero + id)
	if err != nil || len(id) != identifierLength || len(padded) != 1+sha1.Size || padded[0] != 0 {
		return nil, fmt.Errorf("image identifier %.80q is not %d of the characters A-Z a-z 0-9 - _, the first of them A to P",
			id, identifierLength)
	}
	return padded[1:], nil
}
