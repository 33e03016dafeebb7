package signature

import (
	"crypto/x509"
	"fmt"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/signature/internal/xmldsig"
)

// Verify finds out who endorsed a document. It must be acceptable XML of at
// most 1 MiB, have one good signature, name the signer's certificate in its
// endorsement, and be sound as a document, which does not need a location or a
// time of expiry for that. Every error is an *Error.
func Verify(src []byte) (*Endorsed, error) {
	tree, err := xmldsig.Parse(src)
	if err != nil {
		return nil, &Error{Stage: StageDocument, Err: err}
	}
	signed, err := xmldsig.Verify(tree)
	if err != nil {
		return nil, &Error{Stage: StageSignature, Err: err}
	}
	// From here on only what was signed counts.
	doc, err := metadata.Parse(signed.Content)
	if err != nil {
		return nil, &Error{Stage: StageDocument, Err: err}
	}
	by, err := identify(doc, signed.Certificate)
	if err != nil {
		return nil, err
	}
	by.Canonical, by.Chain, by.Method, by.Digest = signed.Content, signed.Chain, signed.Method, signed.Digest
	// Comments are not signed, but readers may stop at one inside a value: the document
	// is checked as it was signed, and as it came.
	err = doc.Check(metadata.Endorsed)
	if err == nil {
		doc, err = metadata.FromTree(tree)
	}
	if err == nil {
		err = doc.Check(metadata.Endorsed)
	}
	if err != nil {
		return nil, &Error{Stage: StageDocument, By: by, Err: err}
	}
	return by, nil
}

// identify compares the endorsement with the certificate. That it stands at its
// place, once, and holds nothing but text is left to the check of the document.
func identify(doc *metadata.Document, c *x509.Certificate) (*Endorsed, error) {
	said, ok := doc.Endorsement()
	if !ok {
		return nil, mistaken("the document is signed, but has no endorsement")
	}
	if len(said.Issuers) != 1 {
		return nil, mistaken("%d issuers in the endorsement; want one", len(said.Issuers))
	}
	is, err := endorser(c, said.Email)
	if err != nil {
		return nil, &Error{Stage: StageIdentity, Err: err}
	}
	for _, field := range []struct{ name, got, want string }{
		{"subject", said.Subject, is.Subject},
		{"issuer", said.Issuers[0], is.Issuers[0]},
		{"e-mail address", said.Email, is.Email},
	} {
		if field.got != field.want {
			return nil, mistaken("the endorsement and the certificate of the signature differ: got %s %.200q, the certificate has %.200q",
				field.name, field.got, field.want)
		}
	}
	created, err := metadata.ParseTime(said.Created)
	if err != nil {
		return nil, mistaken("the time of the endorsement: %w", err)
	}
	return &Endorsed{
		Document: doc, Certificate: c, Created: created,
		Email: is.Email, Subject: is.Subject, Issuer: is.Issuers[0], EmailCertified: len(c.EmailAddresses) > 0,
	}, nil
}

// endorser returns the endorsement that a certificate makes, but for its time.
// The first e-mail address that the certificate names wins over the given one.
func endorser(c *x509.Certificate, email string) (metadata.Endorsement, error) {
	if len(c.EmailAddresses) > 0 {
		email = c.EmailAddresses[0]
	}
	subject, err := DistinguishedName(c.RawSubject)
	if err != nil {
		return metadata.Endorsement{}, fmt.Errorf("the certificate's subject: %w", err)
	}
	issuer, err := DistinguishedName(c.RawIssuer)
	if err != nil {
		return metadata.Endorsement{}, fmt.Errorf("the certificate's issuer: %w", err)
	}
	return metadata.Endorsement{Email: email, Subject: subject, Issuers: []string{issuer}}, nil
}
