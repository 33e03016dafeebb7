package signature

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/signature/internal/xmldsig"
)

// Profile is the kind of readers that a signature is made for.
type Profile string

const (
	// Modern signatures use SHA-256, with RSA or ECDSA. The original
	// StratusLab software does not accept them.
	Modern Profile = "modern"
	// StratusLab signatures use RSA with SHA-1, the only ones that the original
	// software accepts. SHA-1 is broken: who can choose parts of two documents
	// may give both the same signature.
	StratusLab Profile = "stratuslab"
)

var profileHashes = map[Profile]crypto.Hash{Modern: crypto.SHA256, StratusLab: crypto.SHA1}

// ErrNoEmail is the error for a certificate that names no e-mail address where
// none is given either.
var ErrNoEmail = errors.New("no e-mail address in the certificate, and none given")

// ErrEmail is the error for an e-mail address that no document can hold.
var ErrEmail = errors.New("not a valid e-mail address")

// ErrNoName is the error for a certificate without a subject or an issuer.
var ErrNoName = errors.New("the certificate names no subject or no issuer")

// ErrProfile is the error for a key that the profile cannot use.
var ErrProfile = errors.New("key not supported")

// Signer is who signs, and how.
type Signer struct {
	Certificate *x509.Certificate
	Key         crypto.Signer       // of the certificate
	Chain       []*x509.Certificate // goes along, if there is any
	Email       string              // where the certificate names none
	Created     time.Time           // of the endorsement, to the second
	Profile     Profile
	// Level says what the document must have besides an endorsement.
	Level metadata.Level
}

// Sign endorses a document, signs it and returns it as it is written. An earlier
// endorsement is replaced, an earlier signature removed; no other byte changes.
// What it returns was read again and verified. Errors about the document wrap
// metadata.ErrInvalid.
func Sign(doc *metadata.Document, s Signer) ([]byte, error) {
	by, err := s.Endorser()
	if err != nil {
		return nil, err
	}
	by.Created = metadata.FormatTime(s.Created)
	doc.Endorse(by)
	if err := doc.Check(s.Level | metadata.Endorsed); err != nil {
		return nil, err
	}
	signature, err := xmldsig.Sign(doc.Tree(), xmldsig.Signer{
		Certificate: s.Certificate, Chain: s.Chain, Key: s.Key, Hash: profileHashes[s.Profile],
	})
	if errors.Is(err, xmldsig.ErrDocument) {
		return nil, fmt.Errorf("%w: %w", metadata.ErrInvalid, err)
	}
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	doc.AppendSignature(signature)
	signed, err := doc.Bytes()
	if err != nil {
		return nil, fmt.Errorf("adding the signature: %w", err)
	}
	return signed, s.verify(signed, by)
}

// Endorser returns the endorsement that Sign will make, but for its time, and
// makes sure that it can be made.
func (s Signer) Endorser() (metadata.Endorsement, error) {
	if err := s.check(); err != nil {
		return metadata.Endorsement{}, err
	}
	by, err := endorser(s.Certificate, s.Email)
	switch {
	case err != nil:
		return by, err
	case by.Email == "":
		return by, ErrNoEmail
	case !metadata.ValidEmail(by.Email):
		return by, fmt.Errorf("%w: %q", ErrEmail, by.Email)
	case by.Subject == "" || by.Issuers[0] == "":
		return by, ErrNoName
	}
	return by, nil
}

// check makes sure that the key can make the signature.
func (s Signer) check() error {
	if _, ok := profileHashes[s.Profile]; !ok {
		return fmt.Errorf("unknown profile %q", s.Profile)
	}
	if _, ok := s.Key.Public().(*ecdsa.PublicKey); ok && s.Profile == StratusLab {
		return fmt.Errorf("%w: the profile %q needs an RSA key, and this is an ECDSA key", ErrProfile, s.Profile)
	}
	return nil
}

// verify makes sure that what is about to be published says what it should.
func (s Signer) verify(signed []byte, by metadata.Endorsement) error {
	got, err := Verify(signed)
	if errors.Is(err, xmldsig.ErrDocument) {
		return fmt.Errorf("%w: with its signature: %w", metadata.ErrInvalid, err) // too many parts
	}
	if err != nil {
		return fmt.Errorf("verifying the new signature: %w", err)
	}
	if !got.Certificate.Equal(s.Certificate) || got.Email != by.Email || metadata.FormatTime(got.Created) != by.Created {
		return fmt.Errorf("verifying the new signature: got one by %q at %s, want one by %q at %s",
			got.Email, metadata.FormatTime(got.Created), by.Email, by.Created)
	}
	return nil
}

// Signable finds out whether a document could be signed, whoever signs it, and
// replaces its endorsement and removes its signatures for that. The error wraps
// metadata.ErrInvalid. The level says what the document must have besides an
// endorsement.
func Signable(doc *metadata.Document, level metadata.Level) error {
	doc.Endorse(metadata.Endorsement{
		Created: metadata.FormatTime(time.Time{}), Email: "anybody@example.org", Subject: "CN=Anybody", Issuers: []string{"CN=Anybody"},
	})
	return doc.Check(level | metadata.Endorsed)
}
