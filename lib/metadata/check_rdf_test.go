package metadata

import "strings"

// rdfTests are about RDF/XML, and the order of problems.
var rdfTests = []checkTest{
	// parseType and RDF/XML.
	{
		"checksum without parseType", edits(sha1Sum, strings.Replace(sha1Sum, ` rdf:parseType="Resource"`, "", 1)), Draft,
		[]string{"rdf: slreq:checksum[2]"}, `no attribute rdf:parseType; it must be "Resource"`,
	},
	{
		"endorsement without parseType", edits(endorsed, "<slreq:endorsement/>"), Draft, []string{"rdf: slreq:endorsement"},
		"no attribute rdf:parseType",
	},
	{
		"endorser without parseType", edits(`<slreq:endorser rdf:parseType="Resource">`, "<slreq:endorser>"), Draft,
		[]string{"rdf: slreq:endorsement/slreq:endorser"}, "no attribute rdf:parseType",
	},
	{
		"parseType without namespace", edits(endorsed, `<slreq:endorsement parseType="Resource" rdf:parseType="Resource"/>`),
		Draft, []string{"schema: slreq:endorsement"}, "parseType without the rdf namespace",
	},
	{
		"other attribute on the endorsement", edits(endorsed, `<slreq:endorsement rdf:ID="a" rdf:parseType="Resource"/>`),
		Draft, []string{"schema: slreq:endorsement"}, `attribute rdf:ID; want rdf:parseType="Resource"`,
	},
	{
		"parseType Literal on an extension", edits(related, `<ex:a rdf:parseType="Literal"><b/></ex:a>`), Draft,
		[]string{"schema: ex:a", "rdf: ex:a/b"}, `rdf:parseType "Literal"; want "Resource"`,
	},
	{
		"parseType without namespace on an extension", edits(related, `<ex:a parseType="Resource"/>`), Draft,
		[]string{"schema: ex:a"}, "parseType without the rdf namespace",
	},
	{
		"nested without parseType", edits(`<ex:tool rdf:parseType="Resource">`, "<ex:tool>"), Draft, []string{"rdf: ex:tool"},
		`3 elements inside; want one rdf:Description or, with rdf:parseType="Resource", properties`,
	},
	{
		"one nested without parseType", edits(related, "<ex:a><dcterms:title>x</dcterms:title></ex:a>"), Draft,
		[]string{"rdf: ex:a/dcterms:title"}, `the element around it needs rdf:parseType="Resource"`,
	},
	{
		"nested Description",
		edits(related, `<ex:a><rdf:Description rdf:about="#b"><dcterms:title>x</dcterms:title></rdf:Description></ex:a>`),
		Draft, nil, "",
	},
	{
		"text beside a thing", edits(related, "<ex:a>x<rdf:Description/></ex:a>"), Draft, []string{"rdf: ex:a"},
		`text "x" beside elements`,
	},
	{
		"text beside properties", edits(related, `<ex:a rdf:parseType="Resource">x<ex:b/></ex:a>`), Draft,
		[]string{"rdf: ex:a"}, `text "x" beside elements`,
	},
	{
		"text in a thing", edits(related, "<ex:a><ex:B>x</ex:B></ex:a>"), Draft, []string{"rdf: ex:a/ex:B"},
		`text "x" beside elements`,
	},
	{
		"property attribute and text", edits(related, `<ex:a ex:b="c">x</ex:a>`), Draft, []string{"rdf: ex:a"},
		"content beside attributes",
	},
	{
		"property attribute and white space", edits(related, `<ex:a ex:b="c"> </ex:a>`), Draft, []string{"rdf: ex:a"},
		"content beside attributes",
	},
	{
		"resource and element", edits(related, `<ex:a rdf:resource="b"><ex:c/></ex:a>`), Draft, []string{"rdf: ex:a"},
		"content beside attributes",
	},
	{
		"resource and nodeID", edits(related, `<ex:a rdf:resource="b" rdf:nodeID="c"/>`), Draft, []string{"rdf: ex:a"},
		"rdf:resource and rdf:nodeID together",
	},
	{
		"resource and datatype", edits(related, `<ex:a rdf:resource="b" rdf:datatype="c"/>`), Draft, []string{"rdf: ex:a"},
		"rdf:datatype without text",
	},
	{
		"datatype and element", edits(related, `<ex:a rdf:datatype="b"><ex:C/></ex:a>`), Draft, []string{"rdf: ex:a"},
		"rdf:datatype on an element",
	},
	{
		"parseType and resource", edits(related, `<ex:a rdf:parseType="Resource" rdf:resource="b"/>`), Draft,
		[]string{"rdf: ex:a"}, "rdf:resource beside rdf:parseType",
	},
	{
		"parseType and property attribute", edits(related, `<ex:a rdf:parseType="Resource" ex:b="c"/>`), Draft,
		[]string{"rdf: ex:a"}, "property as attribute beside rdf:parseType",
	},
	{
		"attribute without namespace", edits(related, `<ex:a b="c"/>`), Draft, []string{"rdf: ex:a"},
		"attribute b without a namespace",
	},
	{
		"unknown rdf attribute", edits(related, `<ex:a rdf:about="b"/>`), Draft, []string{"rdf: ex:a"},
		"attribute rdf:about; not allowed here",
	},
	{
		"two names of a thing", edits(related, `<ex:a><ex:B rdf:about="c" rdf:nodeID="d"/></ex:a>`), Draft,
		[]string{"rdf: ex:a/ex:B"}, "about, nodeID together",
	},
	{"bad resource", edits(related, `<ex:a rdf:resource="b c"/>`), Draft, []string{"rdf: ex:a"}, "a URI, in which"},
	{"bad nodeID", edits(related, `<ex:a rdf:nodeID="1"/>`), Draft, []string{"rdf: ex:a"}, `rdf:nodeID "1"; want a name`},
	{"ID twice", edits(related, `<ex:a rdf:ID="b"/><ex:a rdf:ID="b"/>`), Draft, []string{"rdf: ex:a[2]"}, `second rdf:ID "b"`},
	{"nodeID twice", edits(related, `<ex:a rdf:nodeID="b"/><ex:a rdf:nodeID="b"/>`), Draft, nil, ""},
	{"extension without namespace", edits(related, "<a/>"), Draft, []string{"rdf: a"}, "element without a namespace"},
	{"thing without namespace", edits(related, "<ex:a><b/></ex:a>"), Draft, []string{"rdf: ex:a/b"}, "not allowed as a thing"},
	{
		"Description as property", edits(related, "<rdf:Description/>"), Draft, []string{"rdf: rdf:Description"},
		"not allowed as a property",
	},
	{"li as thing", edits(related, "<ex:a><rdf:li/></ex:a>"), Draft, []string{"rdf: ex:a/rdf:li"}, "not allowed as a thing"},
	{"li as property", edits(related, "<ex:a><rdf:Bag><rdf:li>x</rdf:li></rdf:Bag></ex:a>"), Draft, nil, ""},
	{
		"unknown slterms as extension", edits(related, "<slterms:a><slterms:b/><slterms:c/></slterms:a>"), Draft,
		[]string{"rdf: slterms:a"}, "2 elements inside",
	},

	// Order of the problems.
	{"stages in order", edits(valid, "<dcterms:valid>x</dcterms:valid>", typed, "", related, `<ex:a b=""/>`, about,
		about+` xmlns:p="u"`, located1, "", located2, "", "ada@example.org", "ada"), Complete, []string{
		"schema: slreq:endorsement/slreq:endorser/slreq:email", "constraint 2: rdf:Description", "constraint 13: dcterms:valid",
		"rdf: ex:a", "index: rdf:Description", "complete: rdf:Description",
	}, `"ada"`},
}
