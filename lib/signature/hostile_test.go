package signature

import "strings"

// Places in the document, before which something is put.
const (
	inDescription = "<dcterms:type>"
	inRoot        = "</rdf:RDF>"
	afterChecksum = "\n    <slreq:endorsement"
)

func hostiles() []hostile {
	const e = `<e:x xmlns:e="urn:e" rdf:parseType="Resource"`
	const start, end = `<e:y rdf:parseType="Resource">`, "</e:y>"
	const checksum = `<slreq:checksum rdf:parseType="Resource"><slreq:algorithm>MD5</slreq:algorithm>` +
		`<slreq:value>00</slreq:value></slreq:checksum>`
	const empty = `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#">`
	const none, many, deep = "no signature", "too many", "nested too deep"
	return []hostile{
		{name: "comments", at: inDescription, put: strings.Repeat("<!---->", 19_000), late: true},
		{name: "more comments", at: inDescription, put: full("<!---->"), late: true, verified: many, signed: many},
		{name: "one comment", at: inDescription, put: "<!--" + full("x") + "-->", late: true},
		{
			name: "comments in the signature", at: "<SignedInfo>", put: strings.Repeat("<!---->", 19_000), late: true,
			verified: "comment in Signature",
		},
		{
			name: "comments nested", at: inDescription,
			put: e + ">" + nested(250, start, strings.Repeat("<!---->", 19_000), end) + "</e:x>",
		},
		{name: "instructions", at: inDescription, put: strings.Repeat("<?p?>", 19_000)},
		{
			name: "text and instructions", at: inDescription,
			put: "<e:x xmlns:e='urn:e'>" + strings.Repeat("a<?p?>", 9_900) + "</e:x>",
		},

		{name: "deep nesting", at: inDescription, put: full("<a>"), verified: deep, signed: deep},
		{
			name: "all of it deep", at: inDescription,
			put: e + ">" + nested(250, start, strings.Repeat("<e:z/>", 19_000), end) + "</e:x>",
		},
		{
			name: "10,000 attributes", at: inDescription, put: e + strings.Join(numbered(10_000, " a%d=''"), "") + "/>",
			verified: many, signed: many,
		},
		{
			name: "10,000 namespaces", at: inDescription,
			put: e + strings.Join(numbered(10_000, " xmlns:a%d='urn:%[1]d'"), "") + "/>", verified: many, signed: many,
		},
		{
			name: "many attributes", at: inDescription,
			put: strings.Repeat("<e:x xmlns:e='urn:e'"+strings.Join(numbered(250, " e:a%d=''"), "")+"/>", 350),
		},
		{
			name: "many namespaces", at: inDescription,
			put: strings.Repeat("<e:x xmlns:e='urn:e'"+strings.Join(numbered(250, " xmlns:a%d='urn:%[1]d'"), "")+"/>", 180),
		},
		{
			name: "namespaces nested", at: inDescription,
			put: e + ">" +
				nested(150, strings.TrimSuffix(start, ">")+strings.Join(numbered(250, " xmlns:a%d='u:'"), "")+">",
					strings.Repeat("<a0:z/>", 14_000), end) +
				"</e:x>",
		},
		{
			name: "namespaces in turn", at: inDescription,
			put: e + ">" +
				nested(120, strings.TrimSuffix(start, ">")+strings.Join(numbered(200, " xmlns:a%d='u:'"),
					"")+">"+strings.TrimSuffix(start, ">")+strings.Join(numbered(200,
					" xmlns:a%d='v:'"), "")+">", "", end+end) +
				"</e:x>",
		},
		{
			name: "long namespace", at: inDescription,
			put: e + " xmlns:p='urn:" + strings.Repeat("u", 200_000) + "'>" + strings.Repeat("<p:a/>", 19_000) + "</e:x>",
		},
		{name: "long namespace, exclusively", at: inDescription, put: e + " xmlns:p='urn:" + strings.Repeat("u", 400_000) +
			"'>" + strings.Repeat("<p:a/>", 19_000) + "</e:x>", late: true,
			more: []string{`<Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>`,
				`<Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>`}, verified: "canonical form too long"},
		{
			name: "long name", at: inDescription,
			put: "<e:" + strings.Repeat("x", 500_000) + " xmlns:e='urn:e'></e:" + strings.Repeat("x", 500_000) + ">",
		},
		{name: "long attribute", at: inDescription, put: "<e:x xmlns:e='urn:e' e:a='" + strings.Repeat(`"`, 160_000) + "'/>"},
		{
			name: "longer attribute", at: inDescription, put: e + " e:a='" + full(`"`) + "'/>", verified: none,
			signed: "property as attribute",
		},

		{name: "long text", at: inDescription, put: "<dcterms:description>" + full("&#13;") + "</dcterms:description>"},
		{
			name: "many texts", at: inDescription,
			put: "<dcterms:description>" + strings.Repeat("a<![CDATA[]]>", 9_900) + "</dcterms:description>",
		},
		{name: "checksums", at: afterChecksum, put: strings.Repeat(checksum, 3900), verified: none, signed: "problems"},
		{
			name: "empty checksums", at: afterChecksum, put: strings.Repeat("<slreq:checksum/>", 19_000), verified: none,
			signed: "problems",
		},
		{name: "locations", at: inDescription, put: strings.Repeat("<slterms:location>http://a/b</slterms:location>", 9_900)},
		{name: "unknown elements", at: inDescription, put: strings.Repeat("<dcterms:x/>", 19_000)},
		{
			name: "endorsements", at: inDescription, put: strings.Repeat("<slreq:endorsement/>", 19_000), late: true,
			verified: "the document was changed",
		},
		{
			name: "identifiers", at: afterChecksum, put: strings.Repeat("<dcterms:identifier/>", 19_000), verified: none,
			signed: "problems",
		},
		{
			name: "descriptions", at: inRoot, put: strings.Repeat("<rdf:Description/>", 19_000), verified: none,
			signed: "want exactly 1",
		},

		{name: "Signatures", at: inRoot, put: full(empty + "</Signature>"), late: true, verified: "Signature elements"},
		{
			name: "Signatures nested", at: inRoot, put: strings.Repeat(nested(250, empty, "", "</Signature>"), 60), late: true,
			verified: "Signature elements",
		},
		{
			name: "long SignatureValue", at: "</SignatureValue>", put: full("AAAA"), late: true,
			verified: "SignatureValue is not base64",
		},
		{
			name: "longer SignatureValue", more: []string{"<SignatureValue>", "<SignatureValue>" + full("AAAA")}, late: true,
			verified: "a signature value of",
		},
		{
			name: "long certificate", more: []string{"<X509Certificate>MI", "<X509Certificate>" + full("MIIB") + "MI"},
			late: true, verified: "reading the certificate",
		},
		{
			name: "long DigestValue", more: []string{"<DigestValue>", "<DigestValue>" + full("AAAA")}, late: true,
			verified: "the document was changed",
		},
		{name: "X509Data", at: "</KeyInfo>", put: strings.Repeat("<X509Data/>", 19_000), late: true},
		{
			name: "Transforms", at: "</Transforms>", put: strings.Repeat("<Transform/>", 19_000), late: true,
			verified: "transforms",
		},
	}
}
