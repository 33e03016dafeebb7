// Package entrytest makes signed descriptions for the tests of what publishes,
// serves and finds them. It is for tests only.
package entrytest

import (
	"crypto/sha1"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/credential/credentialtest"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/signature"
)

// Endorser is somebody with a self-signed certificate.
type Endorser struct {
	signer signature.Signer
}

// NewEndorser makes a certificate for the address, with a key on P-256.
func NewEndorser(t testing.TB, email string) *Endorser {
	t.Helper()
	i := credentialtest.SelfSigned(t, x509.Certificate{
		Subject: pkix.Name{CommonName: "Tester of " + email, Country: []string{"EU"}}, EmailAddresses: []string{email},
		NotBefore: time.Unix(0, 0), NotAfter: time.Now().AddDate(10, 0, 0),
	}, nil)
	return &Endorser{signature.Signer{Certificate: i.Certificate, Key: i.Key, Profile: signature.Modern}}
}

// Certificate is the endorser's.
func (e *Endorser) Certificate() *x509.Certificate { return e.signer.Certificate }

// Description is what the endorser says of an image. Fields that are empty get
// something usual.
type Description struct {
	Content string           // of the image
	Image   *diskimage.Image // in place of Content's, if it is not nil
	Created time.Time        // of the endorsement; now
	Valid   time.Time        // in a year
	// Texts are further terms and their text.
	Texts map[metadata.Term]string
	// Elements is the number of empty elements in an extension.
	Elements int
}

// Sign makes the signed document.
func (e *Endorser) Sign(t testing.TB, is Description) []byte {
	t.Helper()
	if is.Created.IsZero() {
		is.Created = time.Now()
	}
	if is.Valid.IsZero() {
		is.Valid = time.Now().AddDate(1, 0, 0)
	}
	d := metadata.New()
	short, long := sha1.Sum([]byte(is.Content)), sha512.Sum512([]byte(is.Content))
	image := diskimage.Image{Bytes: int64(len(is.Content)), SHA1: short[:], SHA512: long[:]}
	if is.Image != nil {
		image = *is.Image
	}
	d.SetImage(image)
	d.SetText(metadata.Type, "base")
	d.SetText(metadata.Valid, metadata.FormatTime(is.Valid))
	d.SetText(metadata.Location, "http://images.example.org/image.img")
	for term, text := range is.Texts {
		d.SetText(term, text)
	}
	if is.Elements > 0 {
		d = extended(t, d, is.Elements)
	}
	signer := e.signer
	signer.Created = is.Created
	signed, err := signature.Sign(d, signer)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// extended returns a document with so many empty elements more.
func extended(t testing.TB, d *metadata.Document, elements int) *metadata.Document {
	t.Helper()
	src, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	const end = "</rdf:Description>"
	extension := `<e:a xmlns:e="http://example.org/" rdf:parseType="Resource">` + strings.Repeat("<e:a/>", elements) + "</e:a>"
	d, err = metadata.Parse([]byte(strings.Replace(string(src), end, extension+end, 1)))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// SignSource signs a document as it stands.
func SignSource(t testing.TB, src []byte, s signature.Signer) []byte {
	t.Helper()
	d, err := metadata.Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signature.Sign(d, s)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// Entry is Sign, as an entry.
func (e *Endorser) Entry(t testing.TB, is Description) *entry.Entry {
	t.Helper()
	made, err := entry.Verify(e.Sign(t, is))
	if err != nil {
		t.Fatal(err)
	}
	return made
}
