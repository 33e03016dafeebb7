package signature

import "testing"

// Parts of the template, and what forgeries do with them.
const (
	envelopedTransform = `<Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>`
	canonicalMethod    = `<CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>`
	signatureMethod    = `<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>`
	digestMethod       = `<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>`
	rsaSHA256          = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	hmacMethod         = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
	xpathTransform     = `<Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><XPath>false()</XPath></Transform>`
	xsltTransform      = `<Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116">` +
		`<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0">` +
		`<x:output method="text"/><x:template match="/">harmless</x:template></x:stylesheet></Transform>`
	c14nTransform      = `<Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>`
	envelopedWithXPath = `<Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"><XPath>false()</XPath>` +
		`</Transform>`
	prefixList      = `<InclusiveNamespaces xmlns="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="none"/>`
	brokenReference = `<Reference URI=""><Transforms>` + envelopedTransform + `</Transforms>` + digestMethod +
		`<DigestValue>AAAA</DigestValue></Reference>`
	goodReference = `<Reference URI=""><Transforms>` + envelopedTransform + `</Transforms>` + digestMethod +
		`<DigestValue>{digest}</DigestValue></Reference>`
)

// Options of xmlsec1 under which it is as trusting as it comes, and under which
// it is as strict as it can be.
var (
	openPeer   = []string{}
	strictPeer = []string{"--enabled-key-data", "x509", "--enabled-reference-uris", "empty"}
	hmacPeer   = []string{"--hmackey", "testdata/known-to-everybody", "--enabled-key-data", "key-name"}
	idPeer     = []string{"--id-attr:Id", "http://www.w3.org/1999/02/22-rdf-syntax-ns#:Description"}
)

// another is a change of the document after it was signed.
var another = []string{">base</dcterms:type>", ">machine</dcterms:type>"}

// TestForgedInfo: signatures that cover something else than the document, or
// are made by other methods than ours. Those with a changed document show what
// the methods let pass.
func TestForgedInfo(t *testing.T) {
	checkForgeries(t, []forgery{
		{name: "none", want: "", peer: strictPeer},
		{name: "changed after signing", after: another, want: "the document was changed"},

		{name: "Reference to an Object", template: []string{`URI=""`, `URI="#o"`, `<Transforms>` + envelopedTransform +
			`</Transforms>`, "", "</Signature>", `<Object Id="o">harmless</Object></Signature>`},
			octets: elementOctets("Object"), after: another, peer: openPeer, want: "Object in Signature"},
		{name: "Reference to the Description", document: []string{"rdf:about=", `Id="d" rdf:about=`},
			template: []string{`URI=""`, `URI="#d"`},
			octets:   elementOctets("Description"), after: []string{"  </rdf:Description>",
				"  </rdf:Description><other/>"}, peer: idPeer, want: `Reference to "#d"`},
		{name: "Reference to KeyInfo", template: []string{`URI=""`, `URI="#k"`, `<Transforms>` + envelopedTransform +
			`</Transforms>`, "", "<KeyInfo>", `<KeyInfo Id="k">`},
			octets: elementOctets("KeyInfo"), after: another, peer: openPeer, want: "Reference"},
		{
			name: "XPointer", template: []string{`URI=""`, `URI="#xpointer(/)"`}, peer: openPeer,
			want: `Reference to "#xpointer(/)"`,
		},
		{name: "Reference without URI", template: []string{` URI=""`, ""}, peer: strictPeer, want: "attributes of Reference"},
		{
			name: "Reference of a type", template: []string{`URI=""`, `URI="" Type="http://www.w3.org/2000/09/xmldsig#Object"`},
			peer: strictPeer, want: "attributes of Reference",
		},
		{
			name: "two References, the second broken", template: []string{"</SignedInfo>", brokenReference + "</SignedInfo>"},
			want: "Reference in SignedInfo",
		},
		{
			name: "two References, both good", template: []string{"</SignedInfo>", goodReference + "</SignedInfo>"},
			peer: strictPeer, want: "Reference in SignedInfo",
		},
		{name: "no Reference", template: []string{goodReference, ""}, want: "no Reference"},
		{name: "Manifest", template: []string{`URI=""`, `URI="#m" Type="http://www.w3.org/2000/09/xmldsig#Manifest"`,
			`<Transforms>` + envelopedTransform + `</Transforms>`, "",
			"</Signature>", `<Object><Manifest Id="m">` + brokenReference + `</Manifest></Object></Signature>`},
			octets: elementOctets("Manifest"), after: another, peer: openPeer, want: "Object in Signature"},

		{
			name: "XPath", template: []string{envelopedTransform, envelopedTransform + xpathTransform}, octets: octetsOf(""),
			after: another, peer: strictPeer, want: "REC-xpath",
		},
		{
			name: "XPath first", template: []string{envelopedTransform, xpathTransform + envelopedTransform},
			octets: octetsOf(""), after: another, peer: strictPeer, want: "REC-xpath",
		},
		{
			name: "XSLT", template: []string{envelopedTransform, envelopedTransform + xsltTransform},
			octets: octetsOf("harmless"), after: another, peer: strictPeer, want: "REC-xslt",
		},
		{
			name:     "base64",
			template: []string{envelopedTransform, `<Transform Algorithm="http://www.w3.org/2000/09/xmldsig#base64"/>`},
			want:     "xmldsig#base64",
		},
		{
			name: "no Transforms", template: []string{"<Transforms>" + envelopedTransform + "</Transforms>", ""},
			want: "DigestMethod in Reference",
		},
		{name: "empty Transforms", template: []string{envelopedTransform, ""}, want: "0 transforms"},
		{
			name: "enveloped twice", template: []string{envelopedTransform, envelopedTransform + envelopedTransform},
			peer: strictPeer, want: "enveloped-signature",
		},
		{
			name:     "three transforms",
			template: []string{envelopedTransform, envelopedTransform + c14nTransform + c14nTransform}, peer: strictPeer,
			want: "3 transforms",
		},
		{
			name: "enveloped second", template: []string{envelopedTransform, c14nTransform + envelopedTransform},
			want: "REC-xml-c14n",
		},
		{
			name: "parameter of a transform", template: []string{envelopedTransform, envelopedWithXPath}, peer: strictPeer,
			want: "Transform has parameters",
		},

		{name: "HMAC", template: []string{rsaSHA256, hmacMethod}, peer: hmacPeer, want: "hmac-sha256"},
		{name: "HMAC cut", template: []string{signatureMethod, `<SignatureMethod Algorithm="` + hmacMethod +
			`"><HMACOutputLength>80</HMACOutputLength></SignatureMethod>`},
			value: func(v []byte) []byte { return v[:10] }, peer: hmacPeer, want: "hmac-sha256"},
		{
			name: "HMACOutputLength",
			template: []string{
				signatureMethod,
				`<SignatureMethod Algorithm="` + rsaSHA256 + `"><HMACOutputLength>8</HMACOutputLength></SignatureMethod>`,
			},
			peer: strictPeer, want: "SignatureMethod has parameters",
		},
		{
			name: "RSA method, ECDSA key", named: "ecdsa", after: []string{"#ecdsa-sha256", "#rsa-sha256"},
			want: "a key of type ECDSA",
		},
		{name: "ECDSA method, RSA key", template: []string{"#rsa-sha256", "#ecdsa-sha256"}, want: "a key of type RSA"},
		{name: "unknown method", template: []string{rsaSHA256, "urn:none"}, want: `"urn:none" in SignatureMethod`},
		{
			name:     "digest MD5",
			template: []string{"http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#md5"},
			peer:     strictPeer, want: "xmldsig-more#md5",
		},
		{
			name: "unknown digest", template: []string{"http://www.w3.org/2001/04/xmlenc#sha256", "urn:none"},
			want: `"urn:none" in DigestMethod`,
		},
		{
			name: "parameter of the digest",
			template: []string{
				digestMethod, `<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"> </DigestMethod>`,
			},
			peer: strictPeer, want: "DigestMethod has parameters",
		},
		{
			name:     "another attribute",
			template: []string{digestMethod, `<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256" Encoding=""/>`},
			peer:     strictPeer, want: "attributes of DigestMethod",
		},

		{
			name:     "Canonical XML 1.1",
			template: []string{canonicalMethod, `<CanonicalizationMethod Algorithm="http://www.w3.org/2006/12/xml-c14n11"/>`},
			peer:     strictPeer, want: "xml-c14n11",
		},
		{name: "exclusive with prefixes", template: []string{canonicalMethod,
			`<CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">` + prefixList +
				`</CanonicalizationMethod>`},
			peer: strictPeer, want: "CanonicalizationMethod has parameters"},
		{
			name:     "unknown canonicalization",
			template: []string{canonicalMethod, `<CanonicalizationMethod Algorithm="urn:none"/>`},
			want:     `"urn:none" in CanonicalizationMethod`,
		},
	})
}
