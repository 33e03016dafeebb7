package xmldsig

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"io"
	"math/big"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/stratuslab/stratus/lib/strictxml"
)

// Signer is who signs.
type Signer struct {
	Certificate *x509.Certificate
	Chain       []*x509.Certificate // may be empty
	Key         crypto.Signer       // RSA or ECDSA
	Hash        crypto.Hash         // SHA1 or SHA256
}

// Sign returns the signature of a document that has none yet, to be appended to
// its root element. An error about the document wraps ErrDocument.
func Sign(doc *strictxml.Document, s Signer) (*strictxml.Node, error) {
	if err := checkNamespaces(doc.Root); err != nil {
		return nil, err
	}
	if len(signatures(doc.Root)) > 0 {
		return nil, errors.New("signing a document that is signed already")
	}
	ctx, err := dsig.NewSigningContext(fixedWidth{s.Key}, [][]byte{s.Certificate.Raw})
	if err != nil {
		return nil, err
	}
	c := &canonicalizer{doc: doc}
	ctx.Hash, ctx.Prefix, ctx.IdAttribute, ctx.Canonicalizer = s.Hash, "", "", c
	sig, err := ctx.ConstructSignature(c.placeholder(), true)
	if err != nil {
		return nil, err
	}
	if len(s.Chain) > 0 {
		addChain(sig, s.Chain)
	}
	return parse(sig)
}

// addChain puts the chain into an X509Data of its own: in the first one, older
// readers take the last certificate for the signer's.
func addChain(sig *etree.Element, chain []*x509.Certificate) {
	data := sig.SelectElement(dsig.KeyInfoTag).CreateElement(dsig.X509DataTag)
	for _, c := range chain {
		data.CreateElement(dsig.X509CertificateTag).SetText(base64.StdEncoding.EncodeToString(c.Raw))
	}
}

// parse returns an element of the signing library as it stands in the document.
func parse(e *etree.Element) (*strictxml.Node, error) {
	tree := etree.NewDocument()
	tree.SetRoot(e.Copy())
	text, err := tree.WriteToBytes()
	if err != nil {
		return nil, err
	}
	doc, err := strictxml.Parse(text, limits)
	if err != nil {
		return nil, err
	}
	return doc.Root, nil
}

// canonicalizer is what the signing library asks for canonical bytes. Its own
// canonicalizers do not suit our documents: they forget xml:base around
// SignedInfo, order attributes by local name, keep comments, and see neither
// the instructions outside the root nor what the etree in between has lost.
// This one works on the document's own tree.
type canonicalizer struct {
	doc *strictxml.Document
	// root is what stands for the document's root element in the library.
	root *etree.Element
}

// placeholder returns an element without any content, so that the library does
// not take namespaces from it, and the canonicalizer recognizes it.
func (c *canonicalizer) placeholder() *etree.Element {
	c.root = etree.NewElement("root")
	return c.root
}

func (c *canonicalizer) Algorithm() dsig.AlgorithmID { return dsig.CanonicalXML10RecAlgorithmId }

// Canonicalize returns the canonical form of the document for its placeholder,
// and for any other element, which is SignedInfo, the one that it has at its
// place in the document.
func (c *canonicalizer) Canonicalize(e *etree.Element) ([]byte, error) {
	method := Canonicalization{}
	if e == c.root {
		return method.Document(c.doc, nil)
	}
	sig := etree.NewElement(dsig.SignatureTag)
	sig.CreateAttr("xmlns", dsig.Namespace)
	sig.AddChild(e.Copy())
	placed, err := parse(sig)
	if err != nil {
		return nil, err
	}
	placed.Parent = c.doc.Root
	return method.Element(placed.Children[0])
}

// fixedWidth makes of an ECDSA signature what XML signatures hold: both numbers
// at full width one after the other, without ASN.1 around them.
type fixedWidth struct{ crypto.Signer }

func (f fixedWidth) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	value, err := f.Signer.Sign(random, digest, opts)
	key, ok := f.Public().(*ecdsa.PublicKey)
	if err != nil || !ok {
		return value, err
	}
	var pair struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(value, &pair); err != nil || len(rest) > 0 {
		return nil, errors.Join(errors.New("reading the ECDSA signature"), err)
	}
	size := (key.Params().BitSize + 7) / 8
	return bytes.Join([][]byte{pair.R.FillBytes(make([]byte, size)), pair.S.FillBytes(make([]byte, size))}, nil), nil
}
