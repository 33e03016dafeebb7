package trust

import (
	"crypto/x509"
	"errors"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// revocationList is a CRL.
type revocationList struct {
	path string
	head *x509.RevocationList
	err  error // why it cannot be read; the path is all there is, then
}

// newList parses a CertificateList of RFC 5280, section 5.1. One of version 1,
// which the standard library does not read, becomes one of version 2, which
// differs by what it may hold.
func newList(der []byte) (*revocationList, error) {
	input := cryptobyte.String(der)
	var list, signed, fields cryptobyte.String
	if !input.ReadASN1(&list, tag.SEQUENCE) || !input.Empty() || !list.ReadASN1Element(&signed, tag.SEQUENCE) {
		return nil, errors.New("malformed DER")
	}
	raw := []byte(signed)
	if signed.ReadASN1(&fields, tag.SEQUENCE) && !fields.PeekASN1Tag(tag.INTEGER) {
		var b cryptobyte.Builder
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(1)
				b.AddBytes(fields)
			})
			b.AddBytes(list)
		})
		der = b.BytesOrPanic()
	}
	head, err := x509.ParseRevocationList(der)
	if err != nil {
		return nil, err
	}
	head.RawTBSRevocationList = raw // what is signed
	return &revocationList{head: head}, nil
}

// find returns the entry of the certificate with the given serial number, or nil
// if it is not listed.
func (l *revocationList) find(serial *big.Int) *x509.RevocationListEntry {
	for i := range l.head.RevokedCertificateEntries {
		if entry := &l.head.RevokedCertificateEntries[i]; entry.SerialNumber.Cmp(serial) == 0 {
			return entry
		}
	}
	return nil
}

// reasons are the reason codes of RFC 5280, section 5.3.1, that say something.
var reasons = map[int]string{
	1: "key compromise", 2: "CA compromise", 3: "affiliation changed", 4: "superseded", 5: "cessation of operation",
	6: "on hold", 9: "privilege withdrawn", 10: "AA compromise",
}
