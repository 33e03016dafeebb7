package describe

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
)

// Algorithm is a checksum algorithm, under the name that metadata has for it.
type Algorithm string

// The algorithms, each of which Image computes.
const (
	MD5    Algorithm = "MD5"
	SHA1   Algorithm = "SHA-1"
	SHA256 Algorithm = "SHA-256"
	SHA512 Algorithm = "SHA-512"
)

// size is the length of a checksum, in bytes.
func (a Algorithm) size() int {
	return map[Algorithm]int{MD5: 16, SHA1: 20, SHA256: 32, SHA512: 64}[a]
}

// Checksum is a checksum that an image is expected to have.
type Checksum struct {
	Algorithm Algorithm
	Value     []byte
}

// ParseChecksum reads a checksum in hexadecimal digits of either case.
func ParseChecksum(a Algorithm, digits string) (Checksum, error) {
	value, err := hex.DecodeString(digits)
	if err != nil || len(value) != a.size() {
		return Checksum{}, fmt.Errorf("%s checksum %q: %d hexadecimal digits are expected, got %d characters",
			a, digits, 2*a.size(), len(digits))
	}
	return Checksum{Algorithm: a, Value: value}, nil
}

// Verify compares the image with checksums that it is expected to have, and
// names every one that differs.
func (d Description) Verify(expected []Checksum) error {
	found := map[Algorithm][]byte{MD5: d.MD5, SHA1: d.SHA1, SHA256: d.SHA256, SHA512: d.SHA512}
	var differences []error
	for _, want := range expected {
		if got := found[want.Algorithm]; !bytes.Equal(got, want.Value) {
			differences = append(differences, fmt.Errorf("%s checksum: got %x, want %x", want.Algorithm, got, want.Value))
		}
	}
	return errors.Join(differences...)
}
