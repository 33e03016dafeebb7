package signature

import (
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/signature/internal/xmldsig"
	"github.com/stratuslab/stratus/lib/strictxml"
)

// before returns a place, in front of some text.
func before(where string) func(*testing.T, string, string) string {
	return func(t *testing.T, src, sig string) string {
		return replacedAll(t, src, []string{where, sig + where})
	}
}

// enveloping puts the document into the signature.
func enveloping(_ *testing.T, src, sig string) string {
	_, body, _ := strings.Cut(src, "?>\n")
	return strings.Replace(sig, "</Signature>", `<Object Id="o">`+body+"</Object></Signature>", 1)
}

// exclusively returns the document without its signature by Exclusive XML
// Canonicalization.
func exclusively(d *strictxml.Document, info *strictxml.Node) []byte {
	octets, err := xmldsig.Canonicalization{Exclusive: true}.Document(d, info.Parent)
	if err != nil {
		panic(err) // too long, which nothing here is
	}
	return octets
}

const slreqObject = `<Object><q:email xmlns:q="http://mp.stratuslab.eu/slreq#">ada@example.org</q:email></Object>`

// TestForgedForm: signatures at other places and with other parts than ours.
func TestForgedForm(t *testing.T) {
	const other = `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>`
	checkForgeries(t, []forgery{
		{name: "none at all", place: func(_ *testing.T, src, sig string) string {
			return strings.Replace(src, "</rdf:RDF>", "<x>"+sig+"</x></rdf:RDF>", 1)
		},
			peer: strictPeer, want: "the Signature is inside x"},
		{
			name: "before the Description", place: before("  <rdf:Description"), peer: strictPeer,
			want: "Description after the Signature",
		},
		{name: "before the Description, with an Object", place: before("  <rdf:Description"),
			template: []string{"</Signature>", slreqObject + "</Signature>"},
			peer:     strictPeer, want: "Description after the Signature"},
		{
			name: "in the Description", place: before("  </rdf:Description>"), peer: strictPeer,
			want: "the Signature is inside Description",
		},
		{
			name: "in the endorsement", place: before("</slreq:endorsement>"), peer: strictPeer,
			want: "the Signature is inside endorsement",
		},
		{name: "around the document", place: enveloping,
			template: []string{`URI=""`, `URI="#o"`, "<Transforms>" + envelopedTransform + "</Transforms>", ""},
			octets:   elementOctets("Object"), peer: openPeer, want: "the root element is itself part of a signature"},
		{name: "second Signature", after: []string{"</Signature>", "</Signature>" + other}, want: "2 Signature elements"},
		{
			name:     "second Signature in an extension",
			document: []string{"  </rdf:Description>", "<e:x xmlns:e='urn:x'>" + other + "</e:x>  </rdf:Description>"},
			want:     "2 Signature elements",
		},
		{
			name:     "second Signature in the first",
			template: []string{"</Signature>", "<Object>" + other + "</Object></Signature>"}, peer: strictPeer,
			want: "2 Signature elements",
		},
		{name: "element after", after: []string{"</Signature>", "</Signature><x/>"}, want: "x after the Signature"},
		{name: "no namespace", template: []string{` xmlns="http://www.w3.org/2000/09/xmldsig#"`, ""}, want: "no signature"},
		{
			name: "other namespace",
			template: []string{
				`"http://www.w3.org/2000/09/xmldsig#"><SignedInfo>`, `"http://www.w3.org/2000/09/xmldsig11#"><SignedInfo>`,
			},
			want: "no signature",
		},
		{
			name: "part in another namespace", template: []string{"<KeyInfo>", `<KeyInfo xmlns="urn:x">`},
			want: `KeyInfo of namespace "urn:x"`,
		},

		{
			name: "Object", template: []string{"</Signature>", "<Object/></Signature>"}, peer: strictPeer,
			want: "Object in Signature",
		},
		{
			name: "Id of Signature", template: []string{"<Signature ", `<Signature Id="s" `}, peer: strictPeer,
			want: "attribute Id of Signature",
		},
		{
			name: "Id of SignedInfo", template: []string{"<SignedInfo>", `<SignedInfo Id="s">`}, peer: strictPeer,
			want: "attribute Id of SignedInfo",
		},
		{
			name: "Id of SignatureValue", template: []string{"<SignatureValue>", `<SignatureValue Id="s">`}, peer: strictPeer,
			want: "attribute Id of SignatureValue",
		},
		{
			name: "base of Signature", template: []string{"<Signature ", `<Signature xml:base="http://example.org/" `},
			peer: strictPeer, want: "attribute base of Signature",
		},
		{
			name:     "parts in another order",
			template: []string{"</Signature>", "</Signature>", keyInfo, "", "<SignatureValue>", keyInfo + "<SignatureValue>"},
			want:     "KeyInfo in Signature",
		},
		{
			name: "text", template: []string{"<SignatureValue>", "text<SignatureValue>"}, peer: strictPeer,
			want: `text "text" in Signature`,
		},
		{
			name: "text in SignedInfo", template: []string{"<Reference ", "text<Reference "}, peer: strictPeer,
			want: `text "text" in SignedInfo`,
		},
		{
			name: "comment", template: []string{"<SignatureValue>", "<!--c--><SignatureValue>"}, peer: strictPeer,
			want: "comment in Signature",
		},
		{
			name: "comment in SignedInfo", template: []string{"<Reference ", "<!--c--><Reference "}, peer: strictPeer,
			want: "comment in SignedInfo",
		},
		{
			name: "comment in Transforms", template: []string{"<Transforms>", "<Transforms><!--c-->"}, peer: strictPeer,
			want: "comment in Transforms",
		},
		{
			name:     "comment in a method",
			template: []string{digestMethod, strings.Replace(digestMethod, "/>", "><!--c--></DigestMethod>", 1)},
			peer:     strictPeer, want: "DigestMethod has parameters",
		},
		{
			name: "comment in KeyInfo", template: []string{"<KeyInfo>", "<KeyInfo><!--c-->"}, peer: strictPeer,
			want: "comment in KeyInfo",
		},
		{
			name: "instruction", template: []string{"<SignatureValue>", "<?p?><SignatureValue>"}, peer: strictPeer,
			want: "processing instruction in Signature",
		},
		{
			name: "instruction in SignedInfo", template: []string{"<Reference ", "<?p?><Reference "}, peer: strictPeer,
			want: "processing instruction in SignedInfo",
		},
		{
			name: "CDATA section", template: []string{"<SignatureValue>", "<![CDATA[ ]]><SignatureValue>"}, peer: strictPeer,
			want: "CDATA section in Signature",
		},
	})
}
