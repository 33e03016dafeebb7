package page

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/signature"
)

type triples = map[string]map[string][]object

func rdfJSON(t *testing.T, e *entry.Entry) triples {
	t.Helper()
	src, err := RDFJSON(e)
	if err != nil {
		t.Fatal(err)
	}
	var got triples
	if err := json.Unmarshal(src, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func literal(s string) []object { return []object{{Type: "literal", Value: s}} }
func bnode(s string) []object   { return []object{{Type: "bnode", Value: s}} }
func uri(s string) []object     { return []object{{Type: "uri", Value: s}} }

// TestRDFJSON: a document that the original software signed.
func TestRDFJSON(t *testing.T) {
	src, err := os.ReadFile("../../testdata/vectors/signed-by-stratuslab/extension.rsa-san.xml")
	if err != nil {
		t.Fatal(err)
	}
	e, err := entry.Verify(src)
	if err != nil {
		t.Fatal(err)
	}
	want := triples{
		"http://mp.stratuslab.eu/#Mrhh0MArcnRYOhr5pyY9xIj-6rK": {
			dcterms + "identifier": literal("Mrhh0MArcnRYOhr5pyY9xIj-6rK"), slreq + "bytes": literal("10"),
			slreq + "checksum": bnode("_:b1"), slreq + "endorsement": bnode("_:b2"),
			dcterms + "type": literal("base"), dcterms + "valid": literal("2099-01-01T00:00:00Z"),
			slterms + "location":         literal("http://example.org/images/Mrhh0MArcnRYOhr5pyY9xIj-6rK.img"),
			"http://example.org/related": bnode("_:b4"),
		},
		"_:b1": {slreq + "algorithm": literal("SHA-1"), slreq + "value": literal("cae1874300adc9d160e86be69c98f71223fbaaca")},
		"_:b2": {dcterms + "created": literal(e.Created), slreq + "endorser": bnode("_:b3")},
		"_:b3": {slreq + "email": literal(e.Email), slreq + "subject": literal(e.Endorsed.Subject), slreq + "issuer": literal(e.Endorsed.Issuer)},
		"_:b4": {dcterms + "identifier": literal("MMZu9WvwKIro-rtBQfDk4PsKO7_")},
	}
	if diff := cmp.Diff(want, rdfJSON(t, e)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// canonicalEntry has the given text in the description, as if it were signed.
func canonicalEntry(namespaces, inside string) *entry.Entry {
	return &entry.Entry{Endorsed: &signature.Endorsed{Canonical: []byte(`<rdf:RDF xmlns:rdf="` + rdf + `" xmlns:e="http://e.org/" ` + namespaces +
		` xml:base="http://mp.stratuslab.eu/"><rdf:Description rdf:about="#I">` + inside + `</rdf:Description></rdf:RDF>`)}}
}

// TestRDFGrammar: the forms of RDF/XML that extensions may have.
func TestRDFGrammar(t *testing.T) {
	const about, p = "http://mp.stratuslab.eu/#I", "http://e.org/p"
	for _, test := range []struct {
		name, inside string
		want         triples
	}{
		{"text", `<e:p>a<![CDATA[<b]]></e:p>`, triples{about: {p: literal("a<b")}}},
		{"language", `<e:p xml:lang="fr">a</e:p>`, triples{about: {p: {{Type: "literal", Value: "a", Lang: "fr"}}}}},
		{"data type", `<e:p xml:lang="fr" rdf:datatype="http://e.org/int">1</e:p>`, triples{about: {p: {{Type: "literal", Value: "1", Datatype: "http://e.org/int"}}}}},
		{"reference", `<e:p rdf:resource="x"/>`, triples{about: {p: uri("http://mp.stratuslab.eu/x")}}},
		{"reference and property", `<e:p rdf:resource="x" e:q="v"/>`,
			triples{about: {p: uri("http://mp.stratuslab.eu/x")}, "http://mp.stratuslab.eu/x": {"http://e.org/q": literal("v")}}},
		{"base", `<e:p xml:base="http://o.org/a/b" rdf:resource="../x"/>`, triples{about: {p: uri("http://o.org/x")}}},
		{"bad reference", `<e:p rdf:resource="%zz"/>`, triples{about: {p: uri("%zz")}}},
		{"node name", `<e:p rdf:nodeID="n"/><e:q><rdf:Description rdf:nodeID="n" e:r="v"/></e:q>`,
			triples{about: {p: bnode("_:nn"), "http://e.org/q": bnode("_:nn")}, "_:nn": {"http://e.org/r": literal("v")}}},
		{"properties as attributes", `<e:p e:q="v"/>`, triples{about: {p: bnode("_:b1")}, "_:b1": {"http://e.org/q": literal("v")}}},
		{"resource", `<e:p rdf:parseType="Resource"/>`, triples{about: {p: bnode("_:b1")}}},
		{"resource of an old tool", `<e:p parseType="Resource"><e:q>v</e:q></e:p>`, triples{about: {p: bnode("_:b1")}, "_:b1": {"http://e.org/q": literal("v")}}},
		{"members", `<e:p><rdf:Bag><rdf:li>a</rdf:li><rdf:li>b</rdf:li></rdf:Bag></e:p>`,
			triples{about: {p: bnode("_:b1")}, "_:b1": {rdf + "type": uri(rdf + "Bag"), rdf + "_1": literal("a"), rdf + "_2": literal("b")}}},
		{"thing with an ID", `<e:p><e:T rdf:ID="t"/></e:p>`,
			triples{about: {p: uri("http://mp.stratuslab.eu/#t")}, "http://mp.stratuslab.eu/#t": {rdf + "type": uri("http://e.org/T")}}},
		{"statement with an ID", `<e:p rdf:ID="s">v</e:p>`, triples{about: {p: literal("v")}, "http://mp.stratuslab.eu/#s": {
			rdf + "type": uri(rdf + "Statement"), rdf + "subject": uri(about), rdf + "predicate": uri(p), rdf + "object": literal("v")}}},
		{"repeated", `<e:p>a</e:p><e:p>b</e:p>`, triples{about: {p: append(literal("a"), literal("b")...)}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, rdfJSON(t, canonicalEntry("", test.inside))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestRDFJSONBound: a small document that stands for gigabytes is refused.
func TestRDFJSONBound(t *testing.T) {
	long := strings.Repeat("x", 400_000)
	for name, e := range map[string]*entry.Entry{
		"namespace": canonicalEntry(`xmlns:l="http://`+long+`"`, strings.Repeat("<l:p>v</l:p>", 9_000)),
		"base":      canonicalEntry("", `<e:p xml:base="http://e.org/`+long+`/" rdf:parseType="Resource">`+strings.Repeat(`<e:p xml:base="a"/>`, 9_000)+`</e:p>`),
	} {
		if src, err := RDFJSON(e); !errors.Is(err, entry.ErrInvalid) {
			t.Errorf("%s: got %d bytes, %v; want an error", name, len(src), err)
		}
	}
}
