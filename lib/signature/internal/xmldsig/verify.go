package xmldsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"math/big"

	"github.com/stratuslab/stratus/lib/strictxml"
)

// Verify checks the signature of a document that Parse has read. The error wraps
// ErrBad.
func Verify(doc *strictxml.Document) (*Verified, error) {
	sig, err := find(doc.Root)
	if err != nil {
		return nil, err
	}
	if err := sig.bare(); err != nil {
		return nil, err
	}
	parts, err := sig.children("SignedInfo", "SignatureValue", "KeyInfo")
	if err != nil {
		return nil, err
	}
	info, err := readSignedInfo(parts[0])
	if err != nil {
		return nil, err
	}
	value, err := parts[1].base64()
	if err != nil {
		return nil, err
	}
	certificates, err := readKeyInfo(parts[2])
	if err != nil {
		return nil, err
	}
	content, err := info.digested(doc, sig.Node)
	if err != nil {
		return nil, err
	}
	if err := info.verify(certificates[0], value); err != nil {
		return nil, err
	}
	return &Verified{
		Certificate: certificates[0], Chain: certificates[1:],
		Method: shortName(info.methodName), Digest: shortName(info.digestName), Content: content,
	}, nil
}

// signedInfo is what the signature signs: how it was made, and the digest of
// the document.
type signedInfo struct {
	element
	canonicalization Canonicalization // of signedInfo itself
	method           signatureMethod
	methodName       string
	content          Canonicalization // of the document
	hash             crypto.Hash
	digestName       string
	digest           []byte
}

func readSignedInfo(e element) (*signedInfo, error) {
	parts, err := e.children("CanonicalizationMethod", "SignatureMethod", "Reference")
	if err != nil {
		return nil, err
	}
	info := &signedInfo{element: e}
	if err := e.bare(); err != nil {
		return nil, err
	}
	if info.canonicalization, err = choose(parts[0], canonicalizations); err != nil {
		return nil, err
	}
	if info.method, err = choose(parts[1], signatureMethods); err != nil {
		return nil, err
	}
	info.methodName = parts[1].Attributes[0].Value
	return info, info.readReference(parts[2])
}

// readReference reads what is signed, which is the whole document.
func (s *signedInfo) readReference(e element) error {
	parts, err := e.children("Transforms", "DigestMethod", "DigestValue")
	if err != nil {
		return err
	}
	uri, err := e.only("URI")
	if err != nil {
		return err
	}
	if uri != "" {
		return badf("Reference to %.80q; want \"\", the document", uri)
	}
	if s.content, err = readTransforms(parts[0]); err != nil {
		return err
	}
	if s.hash, err = choose(parts[1], digests); err != nil {
		return err
	}
	if s.hash == crypto.SHA1 && s.method.hash != crypto.SHA1 {
		return badf("a digest of SHA-1 under the method %s; want under rsa-sha1 only, for old documents", shortName(s.methodName))
	}
	s.digestName = parts[1].Attributes[0].Value
	s.digest, err = parts[2].base64()
	return err
}

// readTransforms reads what is done to the document before it is digested: the
// signature is left out, and one canonicalization may follow. A reference to
// the document never covers its comments, whatever that one says.
func readTransforms(e element) (Canonicalization, error) {
	var method Canonicalization
	all, err := e.list("Transform")
	if err != nil {
		return method, err
	}
	if len(all) < 1 || len(all) > 2 {
		return method, badf("%d transforms; want the enveloped signature, and one canonicalization after it", len(all))
	}
	if _, err := choose(all[0], map[string]bool{enveloped: true}); err != nil {
		return method, err
	}
	if len(all) == 2 {
		if method, err = choose(all[1], canonicalizations); err != nil {
			return method, err
		}
	}
	method.Comments = false
	return method, nil
}

// digested returns the signed bytes of the document, if they have the digest.
func (s *signedInfo) digested(doc *strictxml.Document, sig *strictxml.Node) ([]byte, error) {
	content, err := s.content.Document(doc, sig)
	if err != nil {
		return nil, badf("%w", err)
	}
	if got := sum(s.hash, content); subtle.ConstantTimeCompare(got, s.digest) != 1 {
		return nil, badf("the document was changed: its digest is %s, the signed one is %.80s",
			base64.StdEncoding.EncodeToString(got), base64.StdEncoding.EncodeToString(s.digest))
	}
	return content, nil
}

// verify checks the signature value with the certificate's key.
func (s *signedInfo) verify(certificate *x509.Certificate, value []byte) error {
	signed, err := s.canonicalization.Element(s.Node)
	if err != nil {
		return badf("%w", err)
	}
	if certificate.PublicKeyAlgorithm != s.method.key {
		return badf("a key of type %s, but the signature method is for %s", certificate.PublicKeyAlgorithm, s.method.key)
	}
	digest := sum(s.method.hash, signed)
	switch key := certificate.PublicKey.(type) {
	case *rsa.PublicKey:
		if err := rsa.VerifyPKCS1v15(key, s.method.hash, digest, value); err != nil {
			return badf("it was not made with the key of the certificate: %w", err)
		}
	case *ecdsa.PublicKey:
		size := (key.Params().BitSize + 7) / 8
		if len(value) != 2*size {
			return badf("a signature value of %d bytes; want %d for this key", len(value), 2*size)
		}
		r, t := new(big.Int).SetBytes(value[:size]), new(big.Int).SetBytes(value[size:])
		if !ecdsa.Verify(key, digest, r, t) {
			return badf("it was not made with the key of the certificate")
		}
	default:
		return badf("a key of type %s; want RSA, ECDSA", certificate.PublicKeyAlgorithm)
	}
	return nil
}

func sum(hash crypto.Hash, data []byte) []byte {
	h := hash.New()
	h.Write(data)
	return h.Sum(nil)
}
