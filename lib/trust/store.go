package trust

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// store holds what is trusted: pins, certificates and revocation lists. The
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
type store struct {
	pins        map[[sha256.Size]byte]bool // those of pin and every certificate loaded
	anchors     *x509.CertPool
	helpers     *x509.CertPool                 // CA certificates that are no anchors
	authorities map[string][]*x509.Certificate // both, by raw subject
	lists       map[string][]*revocationList   // by raw issuer
	skipped     []error                        // what load passed over: files of a directory, certificates of a bundle
}

// pin trusts the certificate that has the given SHA-256 digest, for what it
// signs itself.
func (s *store) pin(fingerprint [sha256.Size]byte) { put(&s.pins, fingerprint, true) }

// empty reports whether there is neither a pin nor a certificate, so that nothing
// can be trusted.
func (s *store) empty() bool { return len(s.pins) == 0 }

var fingerprintForm = regexp.MustCompile(`(?i)^(?:sha256 Fingerprint=)?([0-9a-f]{64}|(?:[0-9a-f]{2}:){31}[0-9a-f]{2})$`)

// ParseFingerprint reads 64 hexadecimal digits of either case, in one piece or
// in pairs that are joined by colons. The line that openssl prints may be given
// as a whole.
func ParseFingerprint(text string) (digest [sha256.Size]byte, err error) {
	found := fingerprintForm.FindStringSubmatch(text)
	if found == nil {
		return digest, fmt.Errorf("%.200q: not a valid fingerprint; want the 64 hexadecimal digits of SHA-256, or 32 pairs joined by colons", text)
	}
	_, err = hex.Decode(digest[:], []byte(strings.ReplaceAll(found[1], ":", "")))
	return digest, err
}

// ParseFingerprints reads one or more fingerprints, with white space or commas
// between them.
func ParseFingerprints(text string) ([][sha256.Size]byte, error) {
	if one, err := ParseFingerprint(text); err == nil { // what openssl prints holds a space
		return [][sha256.Size]byte{one}, nil
	}
	texts := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	if len(texts) == 0 {
		texts = []string{text} // for the error
	}
	var all [][sha256.Size]byte
	for _, text := range texts {
		one, err := ParseFingerprint(text)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}
