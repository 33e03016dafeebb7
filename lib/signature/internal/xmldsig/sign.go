package xmldsig

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/stratuslab/stratus/lib/signature/internal/c14n"
	"github.com/stratuslab/stratus/lib/strictxml"
)

// Signer is who signs.
type Signer struct {
	Certificate *x509.Certificate
	Chain       []*x509.Certificate // may be empty
	Key         crypto.Signer       // RSA or ECDSA
	Hash        crypto.Hash         // SHA1 or SHA256
}

// Sign puts a signature before the end tag of the root element; every other
// byte of the document stays as it is. The document must not have a signature
// yet. An error about it wraps strictxml.ErrSyntax.
func Sign(src []byte, s Signer) ([]byte, error) {
	doc, err := Parse(src)
	if err != nil {
		return nil, err
	}
	if doc.Root.EndTag < 0 {
		return nil, fmt.Errorf("%w: the root element is empty", strictxml.ErrSyntax)
	}
	if len(Signatures(doc.Root)) > 0 {
		return nil, errors.New("signing a document that is signed already")
	}
	ctx, err := dsig.NewSigningContext(fixedWidth{s.Key}, [][]byte{s.Certificate.Raw})
	if err != nil {
		return nil, err
	}
	c := &canonicalizer{src: src, doc: doc}
	ctx.Hash, ctx.Prefix, ctx.IdAttribute, ctx.Canonicalizer = s.Hash, "", "", c
	sig, err := ctx.ConstructSignature(c.placeholder(), true)
	if err != nil {
		return nil, err
	}
	if len(s.Chain) > 0 {
		addChain(sig, s.Chain)
	}
	text, err := render(sig)
	if err != nil {
		return nil, err
	}
	return slices.Concat(src[:doc.Root.EndTag], text, src[doc.Root.EndTag:]), nil
}

// addChain puts the chain into an X509Data of its own: in the first one, older
// readers take the last certificate for the signer's.
func addChain(sig *etree.Element, chain []*x509.Certificate) {
	data := sig.SelectElement(dsig.KeyInfoTag).CreateElement(dsig.X509DataTag)
	for _, c := range chain {
		data.CreateElement(dsig.X509CertificateTag).SetText(base64.StdEncoding.EncodeToString(c.Raw))
	}
}

// render writes an element as it stands in the signed document.
func render(e *etree.Element) ([]byte, error) {
	tree := etree.NewDocument()
	tree.SetRoot(e.Copy())
	return tree.WriteToBytes()
}

// canonicalizer is what the signing library asks for canonical bytes. Its own
// canonicalizers do not suit our documents: they forget xml:base around
// SignedInfo, order attributes by local name, keep comments, and see neither
// the instructions outside the root nor what the etree in between has lost.
// This one works on the document's own bytes.
type canonicalizer struct {
	src []byte
	doc *strictxml.Document
	// root is what stands for the document's root element in the library.
	root *etree.Element
}

// placeholder gives an element without any content, so that the library does
// not take namespaces from it, and the canonicalizer recognizes it.
func (c *canonicalizer) placeholder() *etree.Element {
	c.root = etree.NewElement("root")
	return c.root
}

func (c *canonicalizer) Algorithm() dsig.AlgorithmID { return dsig.CanonicalXML10RecAlgorithmId }

// Canonicalize gives the canonical form of the document for its placeholder,
// and for any other element, which is SignedInfo, the one that it has at its
// place in the document.
func (c *canonicalizer) Canonicalize(e *etree.Element) ([]byte, error) {
	method := c14n.Method{}
	if e == c.root {
		return method.Document(c.doc, nil)
	}
	sig := etree.NewElement(dsig.SignatureTag)
	sig.CreateAttr("xmlns", dsig.Namespace)
	sig.AddChild(e.Copy())
	text, err := render(sig)
	if err != nil {
		return nil, err
	}
	at := c.doc.Root.EndTag
	placed, err := Parse(slices.Concat(c.src[:at], text, c.src[at:]))
	if err != nil {
		return nil, err
	}
	return method.Element(Signatures(placed.Root)[0].Children[0])
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
