// Package signature endorses image metadata and verifies endorsements: it fills
// in who vouches for a document, signs it, and finds out who signed a document. Documents are exchanged with the original StratusLab software, but no
// signature is taken for good only because that software would.
//
// It must not know where keys come from, nor whom the user trusts: an
// endorsement that verifies was made with the key of a certificate, and anybody
// can make a certificate.
package signature

import (
	"crypto/x509"
	"fmt"
	"time"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/signature/internal/xmldsig"
)

// MaxBytes is the length of the longest document that is signed or verified.
const MaxBytes = xmldsig.MaxBytes

// Endorsed is a document whose signature is good, with what it says about its
// signer. All of it was read from the signed bytes.
type Endorsed struct {
	// Document is the description without its signature and comments.
	Document *metadata.Document
	// Canonical is the canonical form of it, which is what was signed.
	Canonical []byte
	// Email, Subject and Issuer name the endorser; Subject and Issuer are those
	// of the certificate, in the form of DistinguishedName.
	Email, Subject, Issuer string
	// EmailCertified reports whether the certificate names the address. If it
	// does not, the signer alone claims it.
	EmailCertified bool
	// Created is the time of signing, as the signer claims it.
	Created time.Time
	// Certificate is the one whose key made the signature.
	Certificate *x509.Certificate
	// Chain holds the certificates that came along, unverified and unsigned.
	Chain []*x509.Certificate
	// Method and Digest name the algorithms, such as "rsa-sha256" and "sha256".
	Method, Digest string
}

// Stage is the part of a verification that finds something wrong.
type Stage string

// The stages, in their order.
const (
	// StageSignature: there is no signature of the one form that is accepted,
	// or it does not belong to the document.
	StageSignature Stage = "signature"
	// StageIdentity: the document names another endorser than the certificate.
	StageIdentity Stage = "identity"
	// StageDocument: it cannot be read, or is not a sound description.
	StageDocument Stage = "document"
)

// Error is the reason why a document was refused.
type Error struct {
	Stage Stage
	// By is who signed it all the same, nil unless signature and identity were
	// good.
	By  *Endorsed
	Err error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// mistaken makes an error about who the document says signed it.
func mistaken(format string, args ...any) error {
	return &Error{Stage: StageIdentity, Err: fmt.Errorf(format, args...)}
}
