// Package trust decides whether the certificate behind a verified signature may
// be trusted: because it is pinned, or because a trusted authority issued it,
// for the e-mail address that is claimed, and has not revoked it.
//
// It must not know what was signed, nor how: the signature itself, and that the
// signed document names the owner of the certificate, are checked elsewhere. It
// reads certificates and revocation lists, fetches nothing, and takes nothing
// from the system: what is not loaded is not trusted.
package trust

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"
)

// Store holds what is trusted: pins, certificates and revocation lists. The
// zero value is empty and ready to use. Once it is filled, it may be used by
// several goroutines.
//
// A certificate that was loaded plays up to three parts:
//   - it is pinned, whatever it is;
//   - a self-signed CA certificate is a trust anchor as well. That includes what
//     `openssl req -x509` makes unless it is told otherwise, so a person's
//     self-signed certificate is better pinned by its fingerprint than loaded;
//   - another CA certificate helps to build chains but does not end them.
//
// A CA certificate is one whose basic constraints say so and whose key usage,
// if it has one, allows it to sign certificates. Old roots of version 1, which
// have neither, can be pinned only.
//
// The signing policies (*.signing_policy) that grid sites keep beside a CA, to
// restrict the subjects that it may sign for, are not read.
type Store struct {
	pins        map[[sha256.Size]byte]bool // Pin and every certificate loaded
	anchors     *x509.CertPool
	helpers     *x509.CertPool                 // CA certificates that are no anchors
	authorities map[string][]*x509.Certificate // both, by raw subject
	lists       map[string][]*revocationList   // by raw issuer
	skipped     []error
	bytes       int64 // read so far
}

// Pin trusts the certificate that has the given SHA-256 digest, for what it
// signs itself.
func (s *Store) Pin(fingerprint [sha256.Size]byte) {
	if s.pins == nil {
		s.pins = map[[sha256.Size]byte]bool{}
	}
	s.pins[fingerprint] = true
}

// Empty tells whether there is neither a pin nor a certificate, so that nothing
// can be trusted.
func (s *Store) Empty() bool {
	return len(s.pins) == 0
}

// Skipped returns what Load passed over: the files of a directory that could
// not be read, the certificates of a bundle that could not be parsed.
func (s *Store) Skipped() []error {
	return s.skipped
}

// Fingerprint returns the SHA-256 digest of the certificate as 32 pairs of
// upper-case hexadecimal digits joined by colons, as
// `openssl x509 -fingerprint -sha256` prints it.
func Fingerprint(c *x509.Certificate) string {
	digest := sha256.Sum256(c.Raw)
	pairs := make([]string, len(digest))
	for i, b := range digest {
		pairs[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(pairs, ":")
}

// ParseFingerprint reads 64 hexadecimal digits of either case, in one piece or
// in pairs that are joined by colons. The line that openssl prints may be given
// as a whole.
func ParseFingerprint(text string) ([sha256.Size]byte, error) {
	var digest [sha256.Size]byte
	const label = "sha256 Fingerprint="
	if len(text) > len(label) && strings.EqualFold(text[:len(label)], label) {
		text = text[len(label):]
	}
	digits := text
	if len(text) == 3*sha256.Size-1 {
		digits = joinPairs(text)
	}
	if len(digits) != hex.EncodedLen(sha256.Size) {
		return digest, fmt.Errorf("reading fingerprint %q: got %d characters, want the 64 hexadecimal digits of SHA-256, or 32 pairs joined by colons",
			shorten(text), len(text))
	}
	if _, err := hex.Decode(digest[:], []byte(digits)); err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("reading fingerprint %q: %w", text, err)
	}
	return digest, nil
}

// joinPairs drops every third byte where all of these are colons.
func joinPairs(text string) string {
	var digits strings.Builder
	for i := range len(text) {
		switch {
		case i%3 < 2:
			digits.WriteByte(text[i])
		case text[i] != ':':
			return text
		}
	}
	return digits.String()
}
