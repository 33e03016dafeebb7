package trust

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"

	"github.com/stratuslab/stratus/lib/metadata"
)

// endorser is an item of a list of endorsers.
type endorser struct {
	address     string
	fingerprint *[sha256.Size]byte // nil where there is none
}

func parseEndorser(item string) (endorser, error) {
	address, rest := item, ""
	if i := strings.IndexFunc(item, unicode.IsSpace); i >= 0 {
		address, rest = item[:i], strings.TrimSpace(item[i:])
	}
	at := strings.LastIndexByte(address, '@')
	if at <= 0 || at == len(address)-1 || strings.ContainsFunc(address, unplain) {
		return endorser{}, fmt.Errorf("endorser %.120q: not a valid endorser; want an e-mail address, or one and the fingerprint of a certificate", item)
	}
	if rest == "" {
		return endorser{address: address}, nil
	}
	fingerprint, err := ParseFingerprint(rest)
	if err != nil {
		return endorser{}, fmt.Errorf("endorser %.120q: %w", address, err)
	}
	return endorser{address, &fingerprint}, nil
}

// unplain reports whether a character is in no address but in lists of another
// form: several on a line, quoted or in angle brackets.
func unplain(r rune) bool {
	return strings.ContainsRune(`,;<>"`, r) || !unicode.IsPrint(r)
}

func (p *policy) allowEndorser(item string) error {
	e, err := parseEndorser(item)
	switch {
	case err != nil:
		return err
	case e.fingerprint == nil:
		put(&p.white.addresses, canonical(e.address), true)
	default:
		put(&p.white.pins, pin{canonical(e.address), *e.fingerprint}, true)
	}
	return nil
}

func (p *policy) barEndorser(item string) error {
	e, err := parseEndorser(item)
	switch {
	case err != nil:
		return err
	case e.fingerprint == nil:
		put(&p.black.addresses, strings.ToLower(e.address), item)
	default:
		put(&p.black.certificates, *e.fingerprint, item)
	}
	return nil
}

func addChecksum(list *map[string]bool, item string) error {
	digest, err := hex.DecodeString(item)
	if err == nil {
		switch len(digest) {
		case md5.Size, sha1.Size, sha256.Size, sha512.Size:
			put(list, hex.EncodeToString(digest), true)
			return nil
		}
	}
	return fmt.Errorf("checksum %.120q, of %d characters: not a valid checksum; want the 32, 40, 64 or 128 hexadecimal digits of MD5, SHA-1, SHA-256 or SHA-512",
		item, len(item))
}

func addImage(list *map[string]bool, item string) error {
	if _, err := metadata.DecodeIdentifier(item); err != nil {
		return err
	}
	put(list, item, true)
	return nil
}

func put[K comparable, V any](m *map[K]V, key K, value V) {
	if *m == nil {
		*m = make(map[K]V)
	}
	(*m)[key] = value
}
