package xmldsig

import (
	"crypto"
	_ "crypto/sha1" // of the original software's signatures
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"maps"
	"slices"
	"strings"
)

// The names of algorithms begin with one of these.
const (
	encURI  = "http://www.w3.org/2001/04/xmlenc#"
	moreURI = "http://www.w3.org/2001/04/xmldsig-more#"
	c14nURI = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	excURI  = "http://www.w3.org/2001/10/xml-exc-c14n#"
)

// enveloped names the transform that leaves out the signature itself.
const enveloped = Namespace + "enveloped-signature"

var canonicalizations = map[string]Canonicalization{
	c14nURI:                   {},
	c14nURI + "#WithComments": {Comments: true},
	excURI:                    {Exclusive: true},
	excURI + "WithComments":   {Exclusive: true, Comments: true},
}

var digests = map[string]crypto.Hash{
	Namespace + "sha1": crypto.SHA1,
	encURI + "sha256":  crypto.SHA256,
	moreURI + "sha384": crypto.SHA384,
	encURI + "sha512":  crypto.SHA512,
}

type signatureMethod struct {
	key  x509.PublicKeyAlgorithm
	hash crypto.Hash
}

var signatureMethods = map[string]signatureMethod{
	Namespace + "rsa-sha1":   {x509.RSA, crypto.SHA1},
	moreURI + "rsa-sha256":   {x509.RSA, crypto.SHA256},
	moreURI + "rsa-sha384":   {x509.RSA, crypto.SHA384},
	moreURI + "rsa-sha512":   {x509.RSA, crypto.SHA512},
	moreURI + "ecdsa-sha256": {x509.ECDSA, crypto.SHA256},
	moreURI + "ecdsa-sha384": {x509.ECDSA, crypto.SHA384},
	moreURI + "ecdsa-sha512": {x509.ECDSA, crypto.SHA512},
}

// choose looks up the algorithm that an element names.
func choose[A any](e element, allowed map[string]A) (A, error) {
	name, err := e.only("Algorithm")
	if err != nil {
		return *new(A), err
	}
	algorithm, ok := allowed[name]
	if !ok {
		return algorithm, badf("algorithm %.80q in %s; want %s", name, e.Local, strings.Join(slices.Sorted(maps.Keys(allowed)), ", "))
	}
	if len(e.Children) > 0 {
		return algorithm, badf("%s has parameters; want none", e.Local)
	}
	return algorithm, nil
}

// shortName is the name of an algorithm without what all names begin with.
func shortName(uri string) string {
	return uri[strings.LastIndexByte(uri, '#')+1:]
}
