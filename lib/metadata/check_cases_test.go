package metadata

import "slices"

// Parts of testdata/complete.xml, and what takes their place.
const (
	endorsed = `<slreq:endorsement rdf:parseType="Resource">
      <dcterms:created>2026-11-22T20:45:20Z</dcterms:created>
      <slreq:endorser rdf:parseType="Resource">
        <slreq:email>ada@example.org</slreq:email>
        <slreq:subject>CN=Ada Image,C=EU</slreq:subject>
        <slreq:issuer>CN=Authority,C=EU</slreq:issuer>
      </slreq:endorser>
    </slreq:endorsement>`
	unendorsed = `<slreq:endorsement rdf:parseType="Resource"/>`
	identifier = "<dcterms:identifier>Avux7XqPw_byV0N1H88W8J12ooz</dcterms:identifier>"
	size       = "<slreq:bytes>3</slreq:bytes>"
	sha1Sum    = `<slreq:checksum rdf:parseType="Resource">
      <slreq:algorithm>SHA-1</slreq:algorithm>
      <slreq:value>0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33</slreq:value>
    </slreq:checksum>`
	typed     = "<dcterms:type>base</dcterms:type>"
	titled    = `<dcterms:title xml:lang="en">Image</dcterms:title>`
	valid     = "<dcterms:valid>2027-05-22T20:00:00Z</dcterms:valid>"
	located1  = "<slterms:location>https://example.org/a%20b.img.gz?c=d</slterms:location>"
	located2  = "<slterms:location>pdisk:pdisk.example.org:8445:00000000-0000-0000-0000-000000000000</slterms:location>"
	related   = `<ex:related rdf:resource="#MMZu9WvwKIro-rtBQfDk4PsKO7_"/>`
	account   = `<ex:account ex:name="root" ex:shell="/bin/sh"/>`
	sealed    = `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>`
	described = "</rdf:Description>"
	about     = ` rdf:about="#Avux7XqPw_byV0N1H88W8J12ooz"`
	baseAttr  = ` xml:base="http://mp.stratuslab.eu/"`
)

// checkTest makes testdata/complete.xml break (or not) by a few edits.
type checkTest struct {
	name  string
	edits []string
	level Level
	want  []string // rule and place of all problems
	says  string   // part of the first message
}

func checkTests() []checkTest { return slices.Concat(frameTests, schemaTests, typeTests, rdfTests) }

// frameTests are about what a document needs, its root and its Description.
var frameTests = []checkTest{
	{"complete", nil, Complete, nil, ""},
	{"complete as a draft", nil, Draft, nil, ""},
	{"comments and instructions between elements", edits(size, "<!--a-->"+size+"<?b c?>"), Complete, nil, ""},
	{"signature", edits(described, described+"\n"+sealed), Complete, nil, ""},
	{"signature and a comment after it", edits(described, described+"\n"+sealed+"<!--a-->\n"), Complete, nil, ""},
	{"two issuers", edits("<slreq:issuer>", "<slreq:issuer>CN=B</slreq:issuer><slreq:issuer>"), Complete, nil, ""},
	{
		"upper-case digest", edits("0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33", "0BEEC7B5EA3F0FDBC95D0DD47F3C5BC275DA8A33"),
		Complete, nil, "",
	},
	{"unknown algorithm", edits("SHA-256", "SHA3-256"), Complete, nil, ""},
	{"rdf:type first", edits(identifier, `<rdf:type rdf:resource="http://example.org/Image"/>`+identifier), Complete, nil, ""},
	{"location beyond ASCII", edits(located1, "<slterms:location>https://example.org/é</slterms:location>"), Complete, nil, ""},
	{
		"default namespace in the endorsement",
		edits(
			"<dcterms:created>2026-11-22T20:45:20Z</dcterms:created>",
			`<created xmlns="http://purl.org/dc/terms/">2026-11-22T20:45:20Z</created>`,
		),
		Complete, nil, "",
	},
	{
		"other prefix for dcterms", edits(titled, `<dc:title xmlns:dc="http://purl.org/dc/terms/">Image</dc:title>`), Complete,
		nil, "",
	},

	{"draft with empty endorsement", edits(endorsed, unendorsed), Draft, nil, ""},
	{"draft with spacious endorsement", edits(endorsed, `<slreq:endorsement rdf:parseType="Resource">
		</slreq:endorsement>`), Draft, nil, ""},
	{"draft without endorsement", edits(endorsed, ""), Draft, nil, ""},
	{"draft without location", edits(located1, "", located2, "<slterms:location/>"), Draft, nil, ""},
	{"draft without valid", edits(valid, "<dcterms:valid/>"), Draft, nil, ""},
	{"draft with empty type", edits(typed, "<dcterms:type/>"), Draft, nil, ""},
	{
		"draft with empty optional elements",
		edits(titled, "<dcterms:title></dcterms:title>", "<slterms:version>1.0<", "<slterms:version><"), Draft, nil, "",
	},

	// Level Complete.
	{"empty endorsement", edits(endorsed, unendorsed), Complete, []string{"schema: slreq:endorsement"}, "empty; who endorses"},
	{"no endorsement", edits(endorsed, ""), Complete, []string{"schema: rdf:Description"}, "no slreq:endorsement"},
	{"no location, none asked for", edits(located1, "", located2, ""), Complete &^ Located, nil, ""},
	{"no valid, none asked for", edits(valid, ""), Endorsed, nil, ""},
	{
		"no location", edits(located1, "", located2, ""), Complete, []string{"complete: rdf:Description"},
		"no URI in any slterms:location",
	},
	{
		"empty locations only", edits(located1, "<slterms:location/>", located2, "<slterms:location/>"), Complete,
		[]string{"complete: rdf:Description"}, "no URI",
	},
	{"no valid", edits(valid, ""), Complete, []string{"complete: rdf:Description"}, "no time in dcterms:valid"},
	{
		"empty valid", edits(valid, "<dcterms:valid/>"), Complete, []string{"complete: rdf:Description"},
		"no time in dcterms:valid",
	},
	{"empty type", edits(typed, "<dcterms:type> </dcterms:type>"), Complete, []string{"complete: dcterms:type"}, "empty"},
	{
		"empty created", edits("2026-11-22T20:45:20Z", ""), Complete, []string{"complete: slreq:endorsement/dcterms:created"},
		"a time such as",
	},
	{
		"empty subject", edits("CN=Ada Image,C=EU", ""), Complete,
		[]string{"complete: slreq:endorsement/slreq:endorser/slreq:subject"}, "empty",
	},
	{
		"empty issuer", edits("CN=Authority,C=EU", ""), Complete,
		[]string{"complete: slreq:endorsement/slreq:endorser/slreq:issuer"}, "empty",
	},

	// The root.
	{
		"no xml:base", edits(baseAttr, ""), Draft, []string{"schema: rdf:RDF"},
		`no attribute xml:base; it must be "http://mp.stratuslab.eu/"`,
	},
	{
		"other xml:base", edits(baseAttr, ` xml:base="http://mp.stratuslab.eu"`), Draft, []string{"constraint 1: rdf:RDF"},
		`"http://mp.stratuslab.eu"; want "http://mp.stratuslab.eu/"`,
	},
	{
		"base without namespace", edits(baseAttr, ` base="http://mp.stratuslab.eu/"`), Draft,
		[]string{"schema: rdf:RDF", "schema: rdf:RDF"}, "no attribute xml:base",
	},
	{
		"attribute on the root", edits(baseAttr, baseAttr+` xml:lang="en"`), Draft, []string{"schema: rdf:RDF"},
		"attribute xml:lang",
	},
	{"text in the root", edits(described, described+"x"), Draft, []string{"schema: rdf:RDF"}, `text "x"`},
	{"element in the root", edits(described, described+"<ex:a/>"), Draft, []string{"schema: ex:a"}, "not allowed in rdf:RDF"},
	{"two signatures", edits(described, described+sealed+sealed), Draft, []string{"schema: Signature"}, "misplaced or repeated"},
	{
		"signature first", edits("<rdf:Description", sealed+"<rdf:Description"), Draft, []string{"schema: Signature"},
		"misplaced or repeated",
	},
	{
		"other element of xmldsig", edits(described, described+`<Object xmlns="http://www.w3.org/2000/09/xmldsig#"/>`), Draft,
		[]string{"schema: Object"}, "not allowed in rdf:RDF",
	},
	{
		"signature in the Description", edits(titled, titled+sealed), Draft, []string{"schema: Signature"},
		"signature inside rdf:Description",
	},
	{
		"signature in an extension", edits(related, `<ex:a rdf:parseType="Resource">`+sealed+"</ex:a>"), Draft,
		[]string{"schema: ex:a/Signature"}, "signature inside",
	},

	// The Description and its prefixes.
	{"no rdf:about", edits(about, ""), Draft, []string{"schema: rdf:Description"}, "no attribute rdf:about"},
	{
		"about without namespace", edits(about, ` about="#Avux7XqPw_byV0N1H88W8J12ooz"`), Draft,
		[]string{"schema: rdf:Description", "schema: rdf:Description"}, "no attribute rdf:about",
	},
	{
		"about without hash", edits(about, ` rdf:about="Avux7XqPw_byV0N1H88W8J12ooz"`), Draft,
		[]string{"schema: rdf:Description", "constraint 11: rdf:Description"}, `rdf:about "Avux`,
	},
	{
		"about too long", edits(about, ` rdf:about="#Avux7XqPw_byV0N1H88W8J12oozA"`), Draft,
		[]string{"schema: rdf:Description", "constraint 11: rdf:Description"}, "rdf:about",
	},
	{
		"other about", edits(about, ` rdf:about="#MMZu9WvwKIro-rtBQfDk4PsKO7_"`), Draft,
		[]string{"constraint 11: rdf:Description"}, "rdf:about",
	},
	{
		"second attribute", edits(about, about+` xml:lang="en"`), Draft, []string{"schema: rdf:Description"},
		"attribute xml:lang; want rdf:about",
	},
	{
		"parseType on the Description", edits(about, about+` rdf:parseType="Resource"`), Draft,
		[]string{"schema: rdf:Description"}, "attribute rdf:parseType",
	},
	{
		"declaration on the Description", edits(about, about+` xmlns:p="u"`), Draft, []string{"index: rdf:Description"},
		`declaration of prefix "p"`,
	},
	{
		"other prefix of the root",
		edits("<rdf:RDF ", `<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" `, "</rdf:RDF>", "</r:RDF>"), Draft,
		[]string{"index: rdf:RDF"}, `prefix "r"`,
	},
	{
		"other prefix of the Description",
		edits(
			"<rdf:RDF ", `<rdf:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" `, "<rdf:Description",
			"<r:Description", described, "</r:Description>",
		),
		Draft, []string{"index: rdf:Description"}, `prefix "r"`,
	},
	{
		"other prefix of about",
		edits("<rdf:RDF ", `<rdf:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" `, "rdf:about", "r:about"), Draft,
		[]string{"index: rdf:Description"}, `prefix "r" of attribute about`,
	},
	{
		"text in the Description", edits(typed, typed+"x"), Draft, []string{"schema: rdf:Description"},
		`text "x" beside the elements`,
	},
	{
		"CDATA in the Description", edits(typed, typed+"<![CDATA[x]]>"), Draft, []string{"schema: rdf:Description"},
		`text "x" beside the elements`,
	},
}
