package signature

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/signature/internal/xmldsig"
	"github.com/stratuslab/stratus/lib/strictxml"
)

const template = `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>` +
	`<CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>` +
	`<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>` +
	`<Reference URI=""><Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/></Transforms>` +
	`<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>{digest}</DigestValue></Reference>` +
	`</SignedInfo><SignatureValue>{value}</SignatureValue>` +
	`<KeyInfo><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></Signature>`

// hmacSecret is the key that xmlsec1 has in testdata, and that every forger
// knows. One that is nobody's secret proves nothing about who signed.
const hmacSecret = "known to everybody"

// replacedAll replaces texts, old and new in turn, each of which must be there
// once.
func replacedAll(t *testing.T, text string, pairs []string) string {
	t.Helper()
	for pair := range slices.Chunk(pairs, 2) {
		text = string(replaced(t, []byte(text), pair[0], pair[1]))
	}
	return text
}

// make signs. Names of keys in braces stand for their certificates.
func (f forgery) make(t *testing.T, keys map[string]Signer) []byte {
	t.Helper()
	named := cmp.Or(f.named, "rsa-san")
	signer := keys[cmp.Or(f.signer, named)]
	src := replacedAll(t, endorsedBy(t, keys[named]), f.document)
	sig := replacedAll(t, template, f.template)
	sig = strings.ReplaceAll(sig, "{certificate}", encode(signer.Certificate.Raw))
	sig = strings.ReplaceAll(sig, "{with more}", encode(append(bytes.Clone(signer.Certificate.Raw), 0)))
	switch key := signer.Key.Public().(type) {
	case *rsa.PublicKey:
		sig = strings.ReplaceAll(sig, "{modulus}", encode(key.N.Bytes()))
	case *ecdsa.PublicKey:
		sig = strings.Replace(sig, "#rsa-sha", "#ecdsa-sha", 1)
	}
	for name, key := range keys {
		sig = strings.ReplaceAll(sig, "{"+name+"}", encode(key.Certificate.Raw))
	}
	if f.place != nil {
		src = f.place(t, src, sig)
	} else {
		src = replacedAll(t, src, []string{"</rdf:RDF>", sig + "</rdf:RDF>"})
	}
	src = strings.ReplaceAll(src, "{digest}", encode(f.digest(t, src)))
	write := encode
	if f.base64 != nil {
		write = f.base64
	}
	src = strings.ReplaceAll(src, "{value}", write(f.sign(t, src, signer)))
	return []byte(replacedAll(t, src, f.after))
}

func encode(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

// endorsedBy is a document that names the signer, without a signature.
func endorsedBy(t *testing.T, s Signer) string {
	t.Helper()
	by, err := endorser(s.Certificate, s.Email)
	if err != nil {
		t.Fatal(err)
	}
	by.Created = "2026-11-23T01:02:03Z"
	doc, err := metadata.Parse(plain(t))
	if err != nil {
		t.Fatal(err)
	}
	doc.Endorse(by)
	src, err := doc.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}

func (f forgery) digest(t *testing.T, src string) []byte {
	t.Helper()
	doc, info := signedInfo(t, src)
	octets, err := xmldsig.Canonicalization{}.Document(doc, info.Parent)
	if err != nil {
		t.Fatal(err)
	}
	if f.octets != nil {
		octets = f.octets(doc, info)
	}
	if strings.Contains(src, "xmldsig-more#md5") {
		sum := md5.Sum(octets)
		return sum[:]
	}
	sum := sha256.Sum256(octets)
	return sum[:]
}

// signedInfo returns the first SignedInfo, of any namespace.
func signedInfo(t *testing.T, src string) (*strictxml.Document, *strictxml.Node) {
	t.Helper()
	doc, err := xmldsig.Parse([]byte(src))
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	info := find(doc.Root, "SignedInfo")
	if info == nil {
		t.Fatalf("no SignedInfo\n%s", src)
	}
	return doc, info
}

// find returns the first element in n that has a local name.
func find(n *strictxml.Node, local string) *strictxml.Node {
	for _, child := range n.Children {
		if child.Kind != strictxml.Element {
			continue
		}
		if child.Local == local {
			return child
		}
		if found := find(child, local); found != nil {
			return found
		}
	}
	return nil
}

// elementOctets returns the canonical form of the first element of a local name, as
// what a Reference to it has the digest of.
func elementOctets(local string) func(*strictxml.Document, *strictxml.Node) []byte {
	return func(d *strictxml.Document, _ *strictxml.Node) []byte {
		octets, err := xmldsig.Canonicalization{}.Element(find(d.Root, local))
		if err != nil {
			panic(err) // too long, which nothing here is
		}
		return octets
	}
}

func octetsOf(s string) func(*strictxml.Document, *strictxml.Node) []byte {
	return func(*strictxml.Document, *strictxml.Node) []byte { return []byte(s) }
}

func (f forgery) sign(t *testing.T, src string, s Signer) []byte {
	t.Helper()
	_, info := signedInfo(t, src)
	signed, err := xmldsig.Canonicalization{Exclusive: strings.Contains(src,
		`Method Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#`)}.Element(info)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(signed)
	var value []byte
	switch key := s.Key.(type) {
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		size := (key.Params().BitSize + 7) / 8
		value = append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	default:
		if value, err = s.Key.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(src, "#hmac-sha256") {
		mac := hmac.New(sha256.New, []byte(hmacSecret))
		mac.Write(signed)
		value = mac.Sum(nil)
	}
	if f.value != nil {
		value = f.value(value)
	}
	return value
}

// halves returns the two numbers of an ECDSA value.
func halves(value []byte) (r, s *big.Int) {
	return new(big.Int).SetBytes(value[:len(value)/2]), new(big.Int).SetBytes(value[len(value)/2:])
}

func asDER(value []byte) []byte {
	r, s := halves(value)
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	if err != nil {
		panic(err) // of two numbers, never
	}
	return der
}
