package xmldsig

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

// template returns a signature for xmlsec1 to fill, of any form that we accept.
func template(r *rand.Rand, key string) string {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	canonicalizations := []string{c14nURI, c14nURI + "#WithComments", excURI, excURI + "WithComments"}
	digest := pick(encURI+"sha256", moreURI+"sha384", encURI+"sha512")
	method := moreURI + key + pick("-sha256", "-sha384", "-sha512")
	if key == "rsa" && r.IntN(4) == 0 {
		method, digest = Namespace+"rsa-sha1", pick(Namespace+"sha1", digest)
	}
	second := ""
	if r.IntN(2) == 0 {
		second = `_<Transform Algorithm="` + pick(canonicalizations...) + `"/>`
	}
	text := `<Signature xmlns="` + Namespace + `">_<SignedInfo>_<CanonicalizationMethod Algorithm="` +
		pick(canonicalizations...) + `"/>_` +
		`<SignatureMethod Algorithm="` + method + `"/>_<Reference URI="">_<Transforms>_<Transform Algorithm="` + enveloped +
		`"/>` + second +
		`_</Transforms>_<DigestMethod Algorithm="` + digest + `"/>_<DigestValue></DigestValue>_</Reference>_</SignedInfo>_` +
		`<SignatureValue/>_<KeyInfo>_<X509Data/>_</KeyInfo>_</Signature>`
	text = strings.ReplaceAll(text, "_", pick("", "\n", "\r\n  ", " &#32;\t"))
	if r.IntN(2) == 0 {
		text = strings.NewReplacer("</", "</ds:", "<", "<ds:", "xmlns=", "xmlns:ds=").Replace(text)
	}
	return text + pick("", "\n")
}

// withTemplate puts a template before the end tag of the root, and at times
// something after it.
func withTemplate(t *testing.T, src []byte, template string) []byte {
	t.Helper()
	doc, err := Parse(src)
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	at := doc.Root.EndTag
	return bytes.Join([][]byte{src[:at], []byte(template), src[at:]}, nil)
}
