package trust

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// revocationList is a CRL whose entries stay as they are until one is looked
// for: 58 MiB of them, parsed by the standard library, take 465 MiB.
type revocationList struct {
	path    string
	head    *x509.RevocationList // all but its entries
	entries []byte               // of revokedCertificates, one after the other
	err     error                // why it cannot be read; the path is all there is, then
}

var errList = errors.New("malformed DER")

// newList parses a CertificateList of RFC 5280, section 5.1, of version 1 or 2.
func newList(der []byte) (*revocationList, error) {
	input := cryptobyte.String(der)
	var list, signed, fields cryptobyte.String
	if !input.ReadASN1(&list, tag.SEQUENCE) || !input.Empty() || !list.ReadASN1Element(&signed, tag.SEQUENCE) {
		return nil, errList
	}
	raw := []byte(signed)
	if !signed.ReadASN1(&fields, tag.SEQUENCE) {
		return nil, errList
	}
	short, entries, err := cutEntries(fields)
	if err != nil {
		return nil, err
	}
	whole, err := sequence(short, list)
	if err != nil {
		return nil, err
	}
	head, err := x509.ParseRevocationList(whole)
	if err != nil {
		return nil, err
	}
	head.RawTBSRevocationList = raw // what is signed
	return &revocationList{head: head, entries: entries}, nil
}

// cutEntries returns a TBSCertList without its revokedCertificates, and these.
// One of version 1 becomes one of version 2, which differs by what it may hold.
func cutEntries(fields cryptobyte.String) (short, entries []byte, err error) {
	var version []byte
	rest := fields
	if rest.PeekASN1Tag(tag.INTEGER) {
		rest.SkipASN1(tag.INTEGER)
	} else {
		version = []byte{byte(tag.INTEGER), 1, 1}
	}
	var algorithm, issuer cryptobyte.String
	if !rest.ReadASN1(&algorithm, tag.SEQUENCE) || !rest.ReadASN1(&issuer, tag.SEQUENCE) || !skipTime(&rest) {
		return nil, nil, errList
	}
	skipTime(&rest) // nextUpdate, which may be missing
	before := fields[:len(fields)-len(rest)]
	if rest.PeekASN1Tag(tag.SEQUENCE) && !rest.ReadASN1((*cryptobyte.String)(&entries), tag.SEQUENCE) {
		return nil, nil, errList
	}
	short, err = sequence(version, before, rest)
	return short, entries, err
}

// skipTime skips a Time, if there is one.
func skipTime(s *cryptobyte.String) bool {
	for _, kind := range []tag.Tag{tag.UTCTime, tag.GeneralizedTime} {
		if s.PeekASN1Tag(kind) {
			return s.SkipASN1(kind)
		}
	}
	return false
}

func sequence(parts ...[]byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, part := range parts {
			b.AddBytes(part)
		}
	})
	return b.Bytes()
}

// find returns when and why the certificate with the given serial number was
// revoked, or nil if it is not listed.
func (l *revocationList) find(serial *big.Int) (*pkix.RevokedCertificate, error) {
	entries := cryptobyte.String(l.entries)
	number := new(big.Int)
	for !entries.Empty() {
		var entry, fields cryptobyte.String
		if !entries.ReadASN1Element(&entry, tag.SEQUENCE) {
			return nil, errList
		}
		raw := []byte(entry)
		if !entry.ReadASN1(&fields, tag.SEQUENCE) || !fields.ReadASN1Integer(number) {
			return nil, errList
		}
		if number.Cmp(serial) != 0 {
			continue
		}
		var revoked pkix.RevokedCertificate
		if _, err := asn1.Unmarshal(raw, &revoked); err != nil {
			return nil, fmt.Errorf("malformed entry for the serial number %d: %w", serial, err)
		}
		return &revoked, nil
	}
	return nil, nil
}

var oidReasonCode = asn1.ObjectIdentifier{2, 5, 29, 21}

// reason puts the reason code of RFC 5280, section 5.3.1, into words, or is
// empty.
func reason(revoked *pkix.RevokedCertificate) string {
	words := map[asn1.Enumerated]string{
		1: "key compromise", 2: "CA compromise", 3: "affiliation changed", 4: "superseded", 5: "cessation of operation",
		6: "on hold", 9: "privilege withdrawn", 10: "AA compromise",
	}
	for _, extension := range revoked.Extensions {
		var code asn1.Enumerated
		if extension.Id.Equal(oidReasonCode) {
			if _, err := asn1.Unmarshal(extension.Value, &code); err == nil {
				return words[code]
			}
		}
	}
	return ""
}
