// Package xmldsig makes and verifies enveloped XML signatures of one narrow
// form: exactly one Signature, the last child of the root element, over the
// whole document, with the certificate of its key inside. It must not know
// what the document says, nor whether anybody trusts the certificate.
//
// The form is a small part of what W3C's XML-Signature Syntax and Processing
// allows. The rest is refused because readers differ on it, or because it lets
// a good signature cover something else than what a reader sees: references to
// other things than the document, transforms that leave content out, keys
// without a certificate, and several of anything.
package xmldsig

import (
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/stratuslab/stratus/lib/strictxml"
)

// Namespace is that of the elements of a signature.
const Namespace = "http://www.w3.org/2000/09/xmldsig#"

// ErrBad is wrapped by every error of Verify that is about the signature: there
// is none, it has not the one form that is accepted, or it does not belong to
// the document.
var ErrBad = errors.New("bad signature")

// ErrDocument is wrapped by the errors about a document that cannot be signed or
// verified whatever its signature.
var ErrDocument = strictxml.ErrSyntax

// MaxBytes is the length of the longest document that is signed or verified.
const MaxBytes = 1 << 20

var limits = strictxml.Limits{Bytes: MaxBytes}

// Verified is a document with a good signature, by somebody.
type Verified struct {
	// Certificate is the one whose key made the signature.
	Certificate *x509.Certificate
	// Chain holds the certificates that came with it. They are not signed, and
	// nothing about them has been verified.
	Chain []*x509.Certificate
	// Method names the signature algorithm, and Digest the one of the
	// document's digest, such as "rsa-sha256" and "sha256".
	Method, Digest string
	// Content is what was signed: the document in canonical form, without the
	// signature and without any comment.
	Content []byte
}

// Parse reads a document as Verify does. Its error wraps ErrDocument.
func Parse(src []byte) (*strictxml.Document, error) {
	doc, err := strictxml.Parse(src, limits)
	if err != nil {
		return nil, err
	}
	if err := checkNamespaces(doc.Root); err != nil {
		return nil, err
	}
	return doc, nil
}

// signatures returns every Signature element inside n, wherever it stands.
func signatures(n *strictxml.Node) []*strictxml.Node {
	return n.Descendants(strictxml.Name{URI: Namespace, Local: "Signature"})
}

// noSignature is ErrBad for a document that has none.
type noSignature struct{}

func (noSignature) Error() string { return "no signature" }

func (noSignature) Is(target error) bool { return target == ErrBad }

func badf(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrBad, fmt.Errorf(format, args...))
}
