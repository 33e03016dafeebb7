package metadata

// typeTests are about the forms of texts and the rules of the Marketplace.
var typeTests = []checkTest{
	// Types.
	{
		"identifier too short", edits(identifier, "<dcterms:identifier>Avux7</dcterms:identifier>"), Draft,
		[]string{"constraint 11: rdf:Description", "constraint 12: dcterms:identifier"}, "rdf:about",
	},
	{
		"identifier beyond 160 bits",
		edits(
			identifier, "<dcterms:identifier>Qvux7XqPw_byV0N1H88W8J12ooz</dcterms:identifier>", about,
			` rdf:about="#Qvux7XqPw_byV0N1H88W8J12ooz"`,
		),
		Draft, []string{"constraint 12: dcterms:identifier"}, "the first of them A to P",
	},
	{
		"identifier of another image",
		edits(
			identifier, "<dcterms:identifier>MMZu9WvwKIro-rtBQfDk4PsKO7_</dcterms:identifier>", about,
			` rdf:about="#MMZu9WvwKIro-rtBQfDk4PsKO7_"`,
		),
		Draft, []string{"constraint 12: dcterms:identifier"}, `want "Avux7XqPw_byV0N1H88W8J12ooz", for the SHA-1 digest 0beec`,
	},
	{
		"element in the identifier",
		edits(identifier, "<dcterms:identifier>Avux7XqPw_byV0N1H88W8J12ooz<ex:a/></dcterms:identifier>"), Draft,
		[]string{"schema: dcterms:identifier"}, "element ex:a inside",
	},
	{
		"negative bytes", edits(size, "<slreq:bytes>-3</slreq:bytes>"), Draft, []string{"schema: slreq:bytes"},
		`"-3"; want decimal digits, at most 9223372036854775807`,
	},
	{"signed bytes", edits(size, "<slreq:bytes>+3</slreq:bytes>"), Draft, []string{"schema: slreq:bytes"}, "decimal digits"},
	{"empty bytes", edits(size, "<slreq:bytes/>"), Draft, []string{"schema: slreq:bytes"}, "decimal digits"},
	{
		"huge bytes", edits(size, "<slreq:bytes>9223372036854775808</slreq:bytes>"), Draft, []string{"schema: slreq:bytes"},
		"decimal digits",
	},
	{
		"empty serial number", edits("18446744073709551616", ""), Draft, []string{"schema: slterms:serial-number"},
		"decimal digits",
	},
	{
		"bad port", edits("<slterms:inbound-port>0", "<slterms:inbound-port>http"), Draft,
		[]string{"schema: slterms:inbound-port"}, `"http"; want decimal digits, at most 65535`,
	},
	{
		"high port", edits("<slterms:outbound-port>65535", "<slterms:outbound-port>65536"), Draft,
		[]string{"schema: slterms:outbound-port"}, "at most 65535",
	},
	{"high icmp", edits("<slterms:icmp>255", "<slterms:icmp>256"), Draft, []string{"schema: slterms:icmp"}, "at most 255"},
	{
		"port in an extension",
		edits(related, `<ex:a rdf:parseType="Resource"><slterms:inbound-port>x</slterms:inbound-port></ex:a>`), Draft,
		[]string{"schema: ex:a/slterms:inbound-port"}, "at most 65535",
	},
	{
		"location with space", edits(located1, "<slterms:location>http://example.org/a b</slterms:location>"), Draft,
		[]string{"schema: slterms:location[1]"}, `a URI, in which ' ' is written %20`,
	},
	{
		"location with line end", edits(located1, "<slterms:location>http://example.org/a\n</slterms:location>"), Draft,
		[]string{"schema: slterms:location[1]"}, `is written %0A`,
	},
	{
		"location with two percent signs", edits(located1, "<slterms:location>http://example.org/%%</slterms:location>"), Draft,
		[]string{"schema: slterms:location[1]"}, `"%" is written %25`,
	},
	{
		"location with percent sign in the query",
		edits(located1, "<slterms:location>http://example.org/?a=1%2</slterms:location>"), Draft,
		[]string{"schema: slterms:location[1]"}, `"%" is written %25`,
	},
	{
		"location with brackets", edits(located1, "<slterms:location>http://example.org/{a}</slterms:location>"), Draft,
		[]string{"schema: slterms:location[1]"}, `'{' is written %7B`,
	},
	{
		"location not parsable", edits(located1, "<slterms:location>http://[::1/a</slterms:location>"), Draft,
		[]string{"schema: slterms:location[1]"}, "a URI such as",
	},
	{
		"attribute on a location", edits(located1, "<slterms:location xml:lang='en'>http://example.org/</slterms:location>"),
		Draft, []string{"schema: slterms:location[1]"}, "attribute xml:lang; want none",
	},
	{
		"element in a kind", edits("machine</slterms:kind>", "<ex:a/>machine</slterms:kind>"), Draft,
		[]string{"schema: slterms:kind"}, "element ex:a inside",
	},
	{
		"resource as type", edits(typed, `<dcterms:type rdf:resource="http://example.org/"/>`), Draft,
		[]string{"schema: dcterms:type"}, "attribute rdf:resource; want xml:lang",
	},

	// Constraints 2 to 10 and 13.
	{"no type", edits(typed, ""), Draft, []string{"constraint 2: rdf:Description"}, "0 elements dcterms:type; want exactly 1"},
	{"two types", edits(typed, typed+typed), Draft, []string{"constraint 2: rdf:Description"}, "2 elements dcterms:type"},
	{
		"element in the type", edits(typed, "<dcterms:type><ex:a/></dcterms:type>"), Draft, []string{"schema: dcterms:type"},
		"element ex:a inside",
	},
	{
		"two serial numbers", edits(typed, typed+"<slterms:serial-number>1</slterms:serial-number>"), Draft,
		[]string{"constraint 5: rdf:Description"}, "2 elements slterms:serial-number; at most 1",
	},
	{
		"two versions", edits(typed, typed+"<slterms:version>1</slterms:version>"), Draft,
		[]string{"constraint 6: rdf:Description"}, "slterms:version",
	},
	{
		"two deprecated", edits(typed, typed+"<slterms:deprecated/><slterms:deprecated/>"), Draft,
		[]string{"constraint 7: rdf:Description"}, "slterms:deprecated",
	},
	{"two os", edits(typed, typed+"<slterms:os/>"), Draft, []string{"constraint 8: rdf:Description"}, "slterms:os"},
	{
		"two os-arch", edits(typed, typed+"<slterms:os-arch/>"), Draft, []string{"constraint 9: rdf:Description"},
		"slterms:os-arch",
	},
	{
		"two os-version", edits(typed, typed+"<slterms:os-version/>"), Draft, []string{"constraint 10: rdf:Description"},
		"slterms:os-version",
	},
	{
		"bad valid", edits(valid, "<dcterms:valid>2027-02-30T00:00:00Z</dcterms:valid>"), Draft,
		[]string{"constraint 13: dcterms:valid"}, `time "2027-02-30T00:00:00Z"`,
	},
	{
		"valid with fraction", edits(valid, "<dcterms:valid>2027-02-03T00:00:00.5Z</dcterms:valid>"), Draft,
		[]string{"constraint 13: dcterms:valid"}, "is not a UTC time",
	},
	{"two valid", edits(valid, valid+valid), Draft, []string{"index: rdf:Description"}, "2 elements dcterms:valid"},
}
