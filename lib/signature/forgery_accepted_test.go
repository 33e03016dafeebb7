package signature

import (
	"strings"
	"testing"
)

// TestOtherForms: what is not written as we write it, and says the same.
func TestOtherForms(t *testing.T) {
	withPrefix := func(_ *testing.T, src, sig string) string {
		sig = strings.NewReplacer("</", "</ds:", "<", "<ds:", "xmlns=", "xmlns:ds=").Replace(sig)
		return strings.Replace(src, "</rdf:RDF>", sig+"</rdf:RDF>", 1)
	}
	withLines := func(_ *testing.T, src, sig string) string {
		sig = strings.ReplaceAll(sig, "><", ">\r\n\t <")
		for _, parameterless := range []string{"Transform", "DigestMethod", "SignatureMethod", "CanonicalizationMethod"} {
			sig = strings.ReplaceAll(sig, ">\r\n\t </"+parameterless+">", "></"+parameterless+">")
		}
		return strings.Replace(src, "</rdf:RDF>", sig+"\n<!-- c --><?p?>\n</rdf:RDF>", 1)
	}
	broken := func(with string) func([]byte) string {
		return func(value []byte) string {
			text := encode(value)
			return with + text[:76] + with + text[76:] + with
		}
	}
	forms := []forgery{
		{name: "with a prefix", place: withPrefix},
		{name: "with white space", place: withLines},
		{name: "as Java breaks lines", base64: broken("&#13;\n")},
		{name: "with tabs", base64: broken("\t")},
		{name: "with spaces", base64: broken(" &#32;")},
		{name: "digest with line ends", template: []string{"{digest}", "\r\n{digest}&#13;\n"}},
		{name: "certificate with line ends", template: []string{"{certificate}", "\r\n {certificate}\t"}},
		{
			name: "chain in a second X509Data",
			template: []string{
				"</KeyInfo>",
				"<X509Data><X509Certificate>{rsa-utf8}</X509Certificate><X509Certificate>{ecdsa}</X509Certificate></X509" +
					"Data></KeyInfo>",
			},
		},
		{
			name: "chain in two more",
			template: []string{
				"</KeyInfo>",
				"<X509Data><X509Certificate>{rsa-utf8}</X509Certificate></X509Data><X509Data><X509Certificate>{ecdsa}</X" +
					"509Certificate></X509Data></KeyInfo>",
			},
		},
		{name: "comments canonicalized", template: []string{"REC-xml-c14n-20010315", "REC-xml-c14n-20010315#WithComments"}},
		{
			name: "exclusive",
			template: []string{
				canonicalMethod, `<CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>`,
			},
		},
		{
			name: "exclusive with comments",
			template: []string{
				canonicalMethod, `<CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#WithComments"/>`,
			},
		},
		{name: "canonicalized document", template: []string{envelopedTransform, envelopedTransform + c14nTransform}},
		{name: "canonicalized document, comments too", document: []string{"<dcterms:type>", "<!-- c --><dcterms:type>"},
			template: []string{envelopedTransform, envelopedTransform +
				strings.Replace(c14nTransform, "20010315", "20010315#WithComments", 1)}},
		{
			name: "exclusively canonicalized document",
			template: []string{
				envelopedTransform, envelopedTransform + `<Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>`,
			},
			octets: exclusively,
		},
		{name: "end tags", template: []string{digestMethod, strings.Replace(digestMethod, "/>", "></DigestMethod>", 1)}},
		{
			name:  "another declaration",
			after: []string{`<?xml version="1.0" encoding="UTF-8" standalone="no"?>`, "<?xml version='1.0'?>\r\n<!-- c -->"},
		},
		{
			name: "comment changed", document: []string{"<dcterms:type>", "<!-- c --><dcterms:type>"},
			after: []string{"<!-- c -->", "<!-- other -->"},
		},
		{name: "references and sections", after: []string{">base</dcterms:type>", "><![CDATA[b]]>&#97;s&#x65;</dcterms:type>"}},
	}
	for i := range forms {
		forms[i].peer = strictPeer
	}
	checkForgeries(t, forms)
}
