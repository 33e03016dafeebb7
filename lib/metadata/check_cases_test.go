package metadata

import "strings"

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

// checkTests make testdata/complete.xml break (or not) by a few edits.
var checkTests = []struct {
	name  string
	edits []string
	level Level
	want  []string // rule and place of all problems
	says  string   // part of the first message
}{
	{"complete", nil, Complete, nil, ""},
	{"complete as a draft", nil, Draft, nil, ""},
	{"comments and instructions between elements", edits(size, "<!--a-->"+size+"<?b c?>"), Complete, nil, ""},
	{"signature", edits(described, described+"\n"+sealed), Complete, nil, ""},
	{"signature and a comment after it", edits(described, described+"\n"+sealed+"<!--a-->\n"), Complete, nil, ""},
	{"two issuers", edits("<slreq:issuer>", "<slreq:issuer>CN=B</slreq:issuer><slreq:issuer>"), Complete, nil, ""},
	{"upper-case digest", edits("0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33", "0BEEC7B5EA3F0FDBC95D0DD47F3C5BC275DA8A33"), Complete, nil, ""},
	{"unknown algorithm", edits("SHA-256", "SHA3-256"), Complete, nil, ""},
	{"rdf:type first", edits(identifier, `<rdf:type rdf:resource="http://example.org/Image"/>`+identifier), Complete, nil, ""},
	{"location beyond ASCII", edits(located1, "<slterms:location>https://example.org/é</slterms:location>"), Complete, nil, ""},
	{"default namespace in the endorsement", edits("<dcterms:created>2026-11-22T20:45:20Z</dcterms:created>", `<created xmlns="http://purl.org/dc/terms/">2026-11-22T20:45:20Z</created>`), Complete, nil, ""},
	{"other prefix for dcterms", edits(titled, `<dc:title xmlns:dc="http://purl.org/dc/terms/">Image</dc:title>`), Complete, nil, ""},

	{"draft with empty endorsement", edits(endorsed, unendorsed), Draft, nil, ""},
	{"draft with spacious endorsement", edits(endorsed, `<slreq:endorsement rdf:parseType="Resource">
		</slreq:endorsement>`), Draft, nil, ""},
	{"draft without endorsement", edits(endorsed, ""), Draft, nil, ""},
	{"draft without location", edits(located1, "", located2, "<slterms:location/>"), Draft, nil, ""},
	{"draft without valid", edits(valid, "<dcterms:valid/>"), Draft, nil, ""},
	{"draft with empty type", edits(typed, "<dcterms:type/>"), Draft, nil, ""},
	{"draft with empty optional elements", edits(titled, "<dcterms:title></dcterms:title>", "<slterms:version>1.0<", "<slterms:version><"), Draft, nil, ""},

	// Level Complete.
	{"empty endorsement", edits(endorsed, unendorsed), Complete, []string{"schema: slreq:endorsement"}, "empty; who endorses"},
	{"no endorsement", edits(endorsed, ""), Complete, []string{"schema: rdf:Description"}, "no slreq:endorsement"},
	{"no location, none asked for", edits(located1, "", located2, ""), Complete &^ Located, nil, ""},
	{"no valid, none asked for", edits(valid, ""), Endorsed, nil, ""},
	{"no location", edits(located1, "", located2, ""), Complete, []string{"complete: rdf:Description"}, "no URI in any slterms:location"},
	{"empty locations only", edits(located1, "<slterms:location/>", located2, "<slterms:location/>"), Complete, []string{"complete: rdf:Description"}, "no URI"},
	{"no valid", edits(valid, ""), Complete, []string{"complete: rdf:Description"}, "no time in dcterms:valid"},
	{"empty valid", edits(valid, "<dcterms:valid/>"), Complete, []string{"complete: rdf:Description"}, "no time in dcterms:valid"},
	{"empty type", edits(typed, "<dcterms:type> </dcterms:type>"), Complete, []string{"complete: dcterms:type"}, "empty"},
	{"empty created", edits("2026-11-22T20:45:20Z", ""), Complete, []string{"complete: slreq:endorsement/dcterms:created"}, "a time such as"},
	{"empty subject", edits("CN=Ada Image,C=EU", ""), Complete, []string{"complete: slreq:endorsement/slreq:endorser/slreq:subject"}, "empty"},
	{"empty issuer", edits("CN=Authority,C=EU", ""), Complete, []string{"complete: slreq:endorsement/slreq:endorser/slreq:issuer"}, "empty"},

	// The root.
	{"no xml:base", edits(baseAttr, ""), Draft, []string{"schema: rdf:RDF"}, `no attribute xml:base; it must be "http://mp.stratuslab.eu/"`},
	{"other xml:base", edits(baseAttr, ` xml:base="http://mp.stratuslab.eu"`), Draft, []string{"constraint 1: rdf:RDF"}, `"http://mp.stratuslab.eu"; want "http://mp.stratuslab.eu/"`},
	{"base without namespace", edits(baseAttr, ` base="http://mp.stratuslab.eu/"`), Draft, []string{"schema: rdf:RDF", "schema: rdf:RDF"}, "no attribute xml:base"},
	{"attribute on the root", edits(baseAttr, baseAttr+` xml:lang="en"`), Draft, []string{"schema: rdf:RDF"}, "attribute xml:lang"},
	{"text in the root", edits(described, described+"x"), Draft, []string{"schema: rdf:RDF"}, `text "x"`},
	{"element in the root", edits(described, described+"<ex:a/>"), Draft, []string{"schema: ex:a"}, "not allowed in rdf:RDF"},
	{"two signatures", edits(described, described+sealed+sealed), Draft, []string{"schema: Signature"}, "misplaced or repeated"},
	{"signature first", edits("<rdf:Description", sealed+"<rdf:Description"), Draft, []string{"schema: Signature"}, "misplaced or repeated"},
	{"other element of xmldsig", edits(described, described+`<Object xmlns="http://www.w3.org/2000/09/xmldsig#"/>`), Draft, []string{"schema: Object"}, "not allowed in rdf:RDF"},
	{"signature in the Description", edits(titled, titled+sealed), Draft, []string{"schema: Signature"}, "signature inside rdf:Description"},
	{"signature in an extension", edits(related, `<ex:a rdf:parseType="Resource">`+sealed+"</ex:a>"), Draft, []string{"schema: ex:a/Signature"}, "signature inside"},

	// The Description and its prefixes.
	{"no rdf:about", edits(about, ""), Draft, []string{"schema: rdf:Description"}, "no attribute rdf:about"},
	{"about without namespace", edits(about, ` about="#Avux7XqPw_byV0N1H88W8J12ooz"`), Draft, []string{"schema: rdf:Description", "schema: rdf:Description"}, "no attribute rdf:about"},
	{"about without hash", edits(about, ` rdf:about="Avux7XqPw_byV0N1H88W8J12ooz"`), Draft, []string{"schema: rdf:Description", "constraint 11: rdf:Description"}, `rdf:about "Avux`},
	{"about too long", edits(about, ` rdf:about="#Avux7XqPw_byV0N1H88W8J12oozA"`), Draft, []string{"schema: rdf:Description", "constraint 11: rdf:Description"}, "rdf:about"},
	{"other about", edits(about, ` rdf:about="#MMZu9WvwKIro-rtBQfDk4PsKO7_"`), Draft, []string{"constraint 11: rdf:Description"}, "rdf:about"},
	{"second attribute", edits(about, about+` xml:lang="en"`), Draft, []string{"schema: rdf:Description"}, "attribute xml:lang; want rdf:about"},
	{"parseType on the Description", edits(about, about+` rdf:parseType="Resource"`), Draft, []string{"schema: rdf:Description"}, "attribute rdf:parseType"},
	{"declaration on the Description", edits(about, about+` xmlns:p="u"`), Draft, []string{"index: rdf:Description"}, `declaration of prefix "p"`},
	{"other prefix of the root", edits("<rdf:RDF ", `<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" `, "</rdf:RDF>", "</r:RDF>"), Draft, []string{"index: rdf:RDF"}, `prefix "r"`},
	{"other prefix of the Description", edits("<rdf:RDF ", `<rdf:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" `, "<rdf:Description", "<r:Description", described, "</r:Description>"), Draft, []string{"index: rdf:Description"}, `prefix "r"`},
	{"other prefix of about", edits("<rdf:RDF ", `<rdf:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" `, "rdf:about", "r:about"), Draft, []string{"index: rdf:Description"}, `prefix "r" of attribute about`},
	{"text in the Description", edits(typed, typed+"x"), Draft, []string{"schema: rdf:Description"}, `text "x" beside the elements`},
	{"CDATA in the Description", edits(typed, typed+"<![CDATA[x]]>"), Draft, []string{"schema: rdf:Description"}, `text "x" beside the elements`},

	// Order and cardinality.
	{"no identifier", edits(identifier, ""), Draft, []string{"schema: rdf:Description"}, "no dcterms:identifier"},
	{"no bytes", edits(size, ""), Draft, []string{"schema: rdf:Description"}, "no slreq:bytes"},
	{"bytes before identifier", edits(size, "", identifier, size+identifier), Draft, []string{"schema: dcterms:identifier"}, "misplaced; want the order dcterms:identifier, slreq:bytes"},
	{"identifier last", edits(identifier, "", account, account+identifier), Draft, []string{"schema: dcterms:identifier"}, "misplaced"},
	{"bytes twice", edits(size, size+size), Draft, []string{"schema: slreq:bytes[2]"}, "given more than once"},
	{"second identifier last", edits(account, account+identifier), Draft, []string{"schema: dcterms:identifier[2]"}, "given more than once"},
	{"checksum after the endorsement", edits(sha1Sum, "", titled, titled+sha1Sum), Draft, []string{"schema: slreq:checksum[3]"}, "misplaced"},
	{"no checksum of SHA-1", edits(sha1Sum, ""), Draft, []string{"constraint 4: rdf:Description"}, "0 elements slreq:checksum of algorithm SHA-1; want exactly 1"},
	{"SHA-1 twice", edits(sha1Sum, sha1Sum+sha1Sum), Draft, []string{"constraint 4: rdf:Description"}, "2 elements slreq:checksum"},
	{"MD5 twice", edits("<slreq:algorithm>SHA-256", "<slreq:algorithm>MD5", "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae", "acbd18db4cc2f85cedef654fccc4a4d8"), Draft, []string{"index: slreq:checksum[3]"}, "second digest MD5"},
	{"misplaced endorsement", edits(endorsed, "", account, account+endorsed), Draft, []string{"schema: slreq:endorsement"}, "misplaced"},
	{"two endorsements", edits(endorsed, endorsed+unendorsed), Draft, []string{"schema: slreq:endorsement[2]"}, "given more than once"},
	{"second endorsement last", edits(account, account+unendorsed), Draft, []string{"schema: slreq:endorsement[2]"}, "given more than once"},
	{"endorsement in an extension", edits(related, `<ex:a rdf:parseType="Resource">`+unendorsed+"</ex:a>"), Draft, []string{"schema: ex:a/slreq:endorsement"}, "misplaced"},
	{"decoy in rdf:type", edits(identifier, "<rdf:type><ex:a><ex:b rdf:parseType='Resource'><slreq:email>x@y</slreq:email></ex:b></ex:a></rdf:type>"+identifier), Draft, []string{"schema: rdf:type/ex:a/ex:b/slreq:email"}, "misplaced"},
	{"decoy", edits(titled, titled+"<slreq:email>x@y</slreq:email>"), Draft, []string{"schema: slreq:email"}, "misplaced"},

	// Checksums.
	{"value before algorithm", edits(sha1Sum, `<slreq:checksum rdf:parseType="Resource"><slreq:value>0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33</slreq:value><slreq:algorithm>SHA-1</slreq:algorithm></slreq:checksum>`), Draft, []string{"schema: slreq:checksum[2]/slreq:algorithm"}, "misplaced"},
	{"no value", edits("<slreq:value>acbd18db4cc2f85cedef654fccc4a4d8</slreq:value>", ""), Draft, []string{"schema: slreq:checksum[1]"}, "no slreq:value"},
	{"no algorithm", edits("<slreq:algorithm>MD5</slreq:algorithm>", ""), Draft, []string{"schema: slreq:checksum[1]"}, "no slreq:algorithm"},
	{"stranger in a checksum", edits("<slreq:algorithm>MD5", "<ex:a/><slreq:algorithm>MD5"), Draft, []string{"schema: slreq:checksum[1]/ex:a"}, "want slreq:algorithm, slreq:value"},
	{"text in a checksum", edits("<slreq:algorithm>MD5", "x<slreq:algorithm>MD5"), Draft, []string{"schema: slreq:checksum[1]"}, `text "x"`},
	{"empty value", edits("acbd18db4cc2f85cedef654fccc4a4d8", ""), Draft, []string{"schema: slreq:checksum[1]/slreq:value"}, `""; want hexadecimal digits`},
	{"value not hexadecimal", edits("acbd18db4cc2f85cedef654fccc4a4d8", "acbd18db4cc2f85cedef654fccc4a4dg"), Draft, []string{"schema: slreq:checksum[1]/slreq:value"}, "hexadecimal digits"},
	{"value with space", edits("acbd18db4cc2f85cedef654fccc4a4d8", " acbd18db4cc2f85cedef654fccc4a4d"), Draft, []string{"schema: slreq:checksum[1]/slreq:value"}, "hexadecimal digits"},
	{"value too short", edits("acbd18db4cc2f85cedef654fccc4a4d8", "acbd18db"), Draft, []string{"schema: slreq:checksum[1]"}, `MD5 digest "acbd18db" of 8 digits; want 32`},
	{"SHA-1 of 41 digits", edits("0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33", "00beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33"), Draft, []string{"schema: slreq:checksum[2]"}, "of 41 digits; want 40"},
	{"misspelt algorithm", edits("<slreq:algorithm>MD5", "<slreq:algorithm>md5"), Draft, []string{"schema: slreq:checksum[1]/slreq:algorithm"}, `"md5"; want MD5`},
	{"empty algorithm", edits("<slreq:algorithm>MD5", "<slreq:algorithm>"), Draft, []string{"schema: slreq:checksum[1]/slreq:algorithm"}, "a name such as"},
	{"attribute on a value", edits("<slreq:value>acbd", "<slreq:value xml:lang='en'>acbd"), Draft, []string{"schema: slreq:checksum[1]/slreq:value"}, "attribute xml:lang; want none"},

	// The endorsement.
	{"no created", edits("<dcterms:created>2026-11-22T20:45:20Z</dcterms:created>", ""), Draft, []string{"schema: slreq:endorsement"}, "no dcterms:created"},
	{"no email", edits("<slreq:email>ada@example.org</slreq:email>", ""), Draft, []string{"schema: slreq:endorsement/slreq:endorser"}, "no slreq:email"},
	{"no subject", edits("<slreq:subject>CN=Ada Image,C=EU</slreq:subject>", ""), Draft, []string{"schema: slreq:endorsement/slreq:endorser"}, "no slreq:subject"},
	{"no issuer", edits("<slreq:issuer>CN=Authority,C=EU</slreq:issuer>", ""), Draft, []string{"schema: slreq:endorsement/slreq:endorser"}, "no slreq:issuer"},
	{"two subjects", edits("<slreq:subject>", "<slreq:subject>CN=B</slreq:subject><slreq:subject>"), Draft, []string{"schema: slreq:endorsement/slreq:endorser/slreq:subject[2]"}, "more than once"},
	{"empty email", edits("ada@example.org", ""), Draft, []string{"schema: slreq:endorsement/slreq:endorser/slreq:email"}, `""; want letters`},
	{"bad email", edits("ada@example.org", "Ada ada@example.org"), Draft, []string{"schema: slreq:endorsement/slreq:endorser/slreq:email"}, "want letters"},
	{"email and line end", edits("ada@example.org", "ada@example.org\n"), Draft, []string{"schema: slreq:endorsement/slreq:endorser/slreq:email"}, "want letters"},
	{"comment in email", edits("ada@example.org", "ada@example.org<!---->.evil"), Draft, []string{"schema: slreq:endorsement/slreq:endorser/slreq:email"}, "comment inside; want text only"},
	{"instruction in subject", edits("CN=Ada Image", "CN=Ada<?x?> Image"), Draft, []string{"schema: slreq:endorsement/slreq:endorser/slreq:subject"}, "processing instruction inside"},
	{"element in issuer", edits("CN=Authority", "CN=<i/>Authority"), Draft, []string{"schema: slreq:endorsement/slreq:endorser/slreq:issuer"}, "element i inside"},
	{"bad created", edits("2026-11-22T20:45:20Z", "2026-11-22"), Draft, []string{"constraint 13: slreq:endorsement/dcterms:created"}, `time "2026-11-22"`},
	{"text in the endorsement", edits(endorsed, `<slreq:endorsement rdf:parseType="Resource">x</slreq:endorsement>`), Draft, []string{"schema: slreq:endorsement"}, `text "x"`},

	// Types.
	{"identifier too short", edits(identifier, "<dcterms:identifier>Avux7</dcterms:identifier>"), Draft, []string{"constraint 11: rdf:Description", "constraint 12: dcterms:identifier"}, "rdf:about"},
	{"identifier beyond 160 bits", edits(identifier, "<dcterms:identifier>Qvux7XqPw_byV0N1H88W8J12ooz</dcterms:identifier>", about, ` rdf:about="#Qvux7XqPw_byV0N1H88W8J12ooz"`), Draft, []string{"constraint 12: dcterms:identifier"}, "the first of them A to P"},
	{"identifier of another image", edits(identifier, "<dcterms:identifier>MMZu9WvwKIro-rtBQfDk4PsKO7_</dcterms:identifier>", about, ` rdf:about="#MMZu9WvwKIro-rtBQfDk4PsKO7_"`), Draft, []string{"constraint 12: dcterms:identifier"}, `want "Avux7XqPw_byV0N1H88W8J12ooz", for the SHA-1 digest 0beec`},
	{"element in the identifier", edits(identifier, "<dcterms:identifier>Avux7XqPw_byV0N1H88W8J12ooz<ex:a/></dcterms:identifier>"), Draft, []string{"schema: dcterms:identifier"}, "element ex:a inside"},
	{"negative bytes", edits(size, "<slreq:bytes>-3</slreq:bytes>"), Draft, []string{"schema: slreq:bytes"}, `"-3"; want decimal digits, at most 9223372036854775807`},
	{"signed bytes", edits(size, "<slreq:bytes>+3</slreq:bytes>"), Draft, []string{"schema: slreq:bytes"}, "decimal digits"},
	{"empty bytes", edits(size, "<slreq:bytes/>"), Draft, []string{"schema: slreq:bytes"}, "decimal digits"},
	{"huge bytes", edits(size, "<slreq:bytes>9223372036854775808</slreq:bytes>"), Draft, []string{"schema: slreq:bytes"}, "decimal digits"},
	{"empty serial number", edits("18446744073709551616", ""), Draft, []string{"schema: slterms:serial-number"}, "decimal digits"},
	{"bad port", edits("<slterms:inbound-port>0", "<slterms:inbound-port>http"), Draft, []string{"schema: slterms:inbound-port"}, `"http"; want decimal digits, at most 65535`},
	{"high port", edits("<slterms:outbound-port>65535", "<slterms:outbound-port>65536"), Draft, []string{"schema: slterms:outbound-port"}, "at most 65535"},
	{"high icmp", edits("<slterms:icmp>255", "<slterms:icmp>256"), Draft, []string{"schema: slterms:icmp"}, "at most 255"},
	{"port in an extension", edits(related, `<ex:a rdf:parseType="Resource"><slterms:inbound-port>x</slterms:inbound-port></ex:a>`), Draft, []string{"schema: ex:a/slterms:inbound-port"}, "at most 65535"},
	{"location with space", edits(located1, "<slterms:location>http://example.org/a b</slterms:location>"), Draft, []string{"schema: slterms:location[1]"}, `a URI, in which ' ' is written %20`},
	{"location with line end", edits(located1, "<slterms:location>http://example.org/a\n</slterms:location>"), Draft, []string{"schema: slterms:location[1]"}, `is written %0A`},
	{"location with two percent signs", edits(located1, "<slterms:location>http://example.org/%%</slterms:location>"), Draft, []string{"schema: slterms:location[1]"}, `"%" is written %25`},
	{"location with percent sign in the query", edits(located1, "<slterms:location>http://example.org/?a=1%2</slterms:location>"), Draft, []string{"schema: slterms:location[1]"}, `"%" is written %25`},
	{"location with brackets", edits(located1, "<slterms:location>http://example.org/{a}</slterms:location>"), Draft, []string{"schema: slterms:location[1]"}, `'{' is written %7B`},
	{"location not parsable", edits(located1, "<slterms:location>http://[::1/a</slterms:location>"), Draft, []string{"schema: slterms:location[1]"}, "a URI such as"},
	{"attribute on a location", edits(located1, "<slterms:location xml:lang='en'>http://example.org/</slterms:location>"), Draft, []string{"schema: slterms:location[1]"}, "attribute xml:lang; want none"},
	{"element in a kind", edits("machine</slterms:kind>", "<ex:a/>machine</slterms:kind>"), Draft, []string{"schema: slterms:kind"}, "element ex:a inside"},
	{"resource as type", edits(typed, `<dcterms:type rdf:resource="http://example.org/"/>`), Draft, []string{"schema: dcterms:type"}, "attribute rdf:resource; want xml:lang"},

	// Constraints 2 to 10 and 13.
	{"no type", edits(typed, ""), Draft, []string{"constraint 2: rdf:Description"}, "0 elements dcterms:type; want exactly 1"},
	{"two types", edits(typed, typed+typed), Draft, []string{"constraint 2: rdf:Description"}, "2 elements dcterms:type"},
	{"element in the type", edits(typed, "<dcterms:type><ex:a/></dcterms:type>"), Draft, []string{"schema: dcterms:type"}, "element ex:a inside"},
	{"two serial numbers", edits(typed, typed+"<slterms:serial-number>1</slterms:serial-number>"), Draft, []string{"constraint 5: rdf:Description"}, "2 elements slterms:serial-number; want at most 1"},
	{"two versions", edits(typed, typed+"<slterms:version>1</slterms:version>"), Draft, []string{"constraint 6: rdf:Description"}, "slterms:version"},
	{"two deprecated", edits(typed, typed+"<slterms:deprecated/><slterms:deprecated/>"), Draft, []string{"constraint 7: rdf:Description"}, "slterms:deprecated"},
	{"two os", edits(typed, typed+"<slterms:os/>"), Draft, []string{"constraint 8: rdf:Description"}, "slterms:os"},
	{"two os-arch", edits(typed, typed+"<slterms:os-arch/>"), Draft, []string{"constraint 9: rdf:Description"}, "slterms:os-arch"},
	{"two os-version", edits(typed, typed+"<slterms:os-version/>"), Draft, []string{"constraint 10: rdf:Description"}, "slterms:os-version"},
	{"bad valid", edits(valid, "<dcterms:valid>2027-02-30T00:00:00Z</dcterms:valid>"), Draft, []string{"constraint 13: dcterms:valid"}, `time "2027-02-30T00:00:00Z"`},
	{"valid with fraction", edits(valid, "<dcterms:valid>2027-02-03T00:00:00.5Z</dcterms:valid>"), Draft, []string{"constraint 13: dcterms:valid"}, "is not a UTC time"},
	{"two valid", edits(valid, valid+valid), Draft, []string{"index: rdf:Description"}, "2 elements dcterms:valid"},

	// parseType and RDF/XML.
	{"checksum without parseType", edits(sha1Sum, strings.Replace(sha1Sum, ` rdf:parseType="Resource"`, "", 1)), Draft, []string{"rdf: slreq:checksum[2]"}, `no attribute rdf:parseType; it must be "Resource"`},
	{"endorsement without parseType", edits(endorsed, "<slreq:endorsement/>"), Draft, []string{"rdf: slreq:endorsement"}, "no attribute rdf:parseType"},
	{"endorser without parseType", edits(`<slreq:endorser rdf:parseType="Resource">`, "<slreq:endorser>"), Draft, []string{"rdf: slreq:endorsement/slreq:endorser"}, "no attribute rdf:parseType"},
	{"parseType without namespace", edits(endorsed, `<slreq:endorsement parseType="Resource" rdf:parseType="Resource"/>`), Draft, []string{"schema: slreq:endorsement"}, "parseType without the rdf namespace"},
	{"other attribute on the endorsement", edits(endorsed, `<slreq:endorsement rdf:ID="a" rdf:parseType="Resource"/>`), Draft, []string{"schema: slreq:endorsement"}, `attribute rdf:ID; want rdf:parseType="Resource"`},
	{"parseType Literal on an extension", edits(related, `<ex:a rdf:parseType="Literal"><b/></ex:a>`), Draft, []string{"schema: ex:a", "rdf: ex:a/b"}, `rdf:parseType "Literal"; want "Resource"`},
	{"parseType without namespace on an extension", edits(related, `<ex:a parseType="Resource"/>`), Draft, []string{"schema: ex:a"}, "parseType without the rdf namespace"},
	{"nested without parseType", edits(`<ex:tool rdf:parseType="Resource">`, "<ex:tool>"), Draft, []string{"rdf: ex:tool"}, `3 elements inside; want one rdf:Description or, with rdf:parseType="Resource", properties`},
	{"one nested without parseType", edits(related, "<ex:a><dcterms:title>x</dcterms:title></ex:a>"), Draft, []string{"rdf: ex:a/dcterms:title"}, `the element around it needs rdf:parseType="Resource"`},
	{"nested Description", edits(related, `<ex:a><rdf:Description rdf:about="#b"><dcterms:title>x</dcterms:title></rdf:Description></ex:a>`), Draft, nil, ""},
	{"text beside a thing", edits(related, "<ex:a>x<rdf:Description/></ex:a>"), Draft, []string{"rdf: ex:a"}, `text "x" beside elements`},
	{"text beside properties", edits(related, `<ex:a rdf:parseType="Resource">x<ex:b/></ex:a>`), Draft, []string{"rdf: ex:a"}, `text "x" beside elements`},
	{"text in a thing", edits(related, "<ex:a><ex:B>x</ex:B></ex:a>"), Draft, []string{"rdf: ex:a/ex:B"}, `text "x" beside elements`},
	{"property attribute and text", edits(related, `<ex:a ex:b="c">x</ex:a>`), Draft, []string{"rdf: ex:a"}, "content beside attributes"},
	{"property attribute and white space", edits(related, `<ex:a ex:b="c"> </ex:a>`), Draft, []string{"rdf: ex:a"}, "content beside attributes"},
	{"resource and element", edits(related, `<ex:a rdf:resource="b"><ex:c/></ex:a>`), Draft, []string{"rdf: ex:a"}, "content beside attributes"},
	{"resource and nodeID", edits(related, `<ex:a rdf:resource="b" rdf:nodeID="c"/>`), Draft, []string{"rdf: ex:a"}, "rdf:resource and rdf:nodeID together"},
	{"resource and datatype", edits(related, `<ex:a rdf:resource="b" rdf:datatype="c"/>`), Draft, []string{"rdf: ex:a"}, "rdf:datatype without text"},
	{"datatype and element", edits(related, `<ex:a rdf:datatype="b"><ex:C/></ex:a>`), Draft, []string{"rdf: ex:a"}, "rdf:datatype on an element"},
	{"parseType and resource", edits(related, `<ex:a rdf:parseType="Resource" rdf:resource="b"/>`), Draft, []string{"rdf: ex:a"}, "rdf:resource beside rdf:parseType"},
	{"parseType and property attribute", edits(related, `<ex:a rdf:parseType="Resource" ex:b="c"/>`), Draft, []string{"rdf: ex:a"}, "property as attribute beside rdf:parseType"},
	{"attribute without namespace", edits(related, `<ex:a b="c"/>`), Draft, []string{"rdf: ex:a"}, "attribute b without a namespace"},
	{"unknown rdf attribute", edits(related, `<ex:a rdf:about="b"/>`), Draft, []string{"rdf: ex:a"}, "attribute rdf:about; not allowed here"},
	{"two names of a thing", edits(related, `<ex:a><ex:B rdf:about="c" rdf:nodeID="d"/></ex:a>`), Draft, []string{"rdf: ex:a/ex:B"}, "about, nodeID together"},
	{"bad resource", edits(related, `<ex:a rdf:resource="b c"/>`), Draft, []string{"rdf: ex:a"}, "a URI, in which"},
	{"bad nodeID", edits(related, `<ex:a rdf:nodeID="1"/>`), Draft, []string{"rdf: ex:a"}, `rdf:nodeID "1"; want a name`},
	{"ID twice", edits(related, `<ex:a rdf:ID="b"/><ex:a rdf:ID="b"/>`), Draft, []string{"rdf: ex:a[2]"}, `second rdf:ID "b"`},
	{"nodeID twice", edits(related, `<ex:a rdf:nodeID="b"/><ex:a rdf:nodeID="b"/>`), Draft, nil, ""},
	{"extension without namespace", edits(related, "<a/>"), Draft, []string{"rdf: a"}, "element without a namespace"},
	{"thing without namespace", edits(related, "<ex:a><b/></ex:a>"), Draft, []string{"rdf: ex:a/b"}, "not allowed as a thing"},
	{"Description as property", edits(related, "<rdf:Description/>"), Draft, []string{"rdf: rdf:Description"}, "not allowed as a property"},
	{"li as thing", edits(related, "<ex:a><rdf:li/></ex:a>"), Draft, []string{"rdf: ex:a/rdf:li"}, "not allowed as a thing"},
	{"li as property", edits(related, "<ex:a><rdf:Bag><rdf:li>x</rdf:li></rdf:Bag></ex:a>"), Draft, nil, ""},
	{"unknown slterms as extension", edits(related, "<slterms:a><slterms:b/><slterms:c/></slterms:a>"), Draft, []string{"rdf: slterms:a"}, "2 elements inside"},

	// Order of the problems.
	{"stages in order", edits(valid, "<dcterms:valid>x</dcterms:valid>", typed, "", related, `<ex:a b=""/>`, about, about+` xmlns:p="u"`, located1, "", located2, "", "ada@example.org", "ada"), Complete, []string{
		"schema: slreq:endorsement/slreq:endorser/slreq:email", "constraint 2: rdf:Description", "constraint 13: dcterms:valid", "rdf: ex:a", "index: rdf:Description", "complete: rdf:Description",
	}, `"ada"`},
}
