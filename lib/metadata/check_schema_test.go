package metadata

// schemaTests are about order, cardinality, checksums and endorsements.
var schemaTests = []checkTest{
	// Order and cardinality.
	{"no identifier", edits(identifier, ""), Draft, []string{"schema: rdf:Description"}, "no dcterms:identifier"},
	{"no bytes", edits(size, ""), Draft, []string{"schema: rdf:Description"}, "no slreq:bytes"},
	{
		"bytes before identifier", edits(size, "", identifier, size+identifier), Draft, []string{"schema: dcterms:identifier"},
		"misplaced; want the order dcterms:identifier, slreq:bytes",
	},
	{
		"identifier last", edits(identifier, "", account, account+identifier), Draft, []string{"schema: dcterms:identifier"},
		"misplaced",
	},
	{"bytes twice", edits(size, size+size), Draft, []string{"schema: slreq:bytes[2]"}, "given more than once"},
	{
		"second identifier last", edits(account, account+identifier), Draft, []string{"schema: dcterms:identifier[2]"},
		"given more than once",
	},
	{
		"checksum after the endorsement", edits(sha1Sum, "", titled, titled+sha1Sum), Draft,
		[]string{"schema: slreq:checksum[3]"}, "misplaced",
	},
	{
		"no checksum of SHA-1", edits(sha1Sum, ""), Draft, []string{"constraint 4: rdf:Description"},
		"0 elements slreq:checksum of algorithm SHA-1; want exactly 1",
	},
	{
		"SHA-1 twice", edits(sha1Sum, sha1Sum+sha1Sum), Draft, []string{"constraint 4: rdf:Description"},
		"2 elements slreq:checksum",
	},
	{
		"MD5 twice",
		edits(
			"<slreq:algorithm>SHA-256", "<slreq:algorithm>MD5",
			"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae", "acbd18db4cc2f85cedef654fccc4a4d8",
		),
		Draft, []string{"index: slreq:checksum[3]"}, "second digest MD5",
	},
	{
		"misplaced endorsement", edits(endorsed, "", account, account+endorsed), Draft, []string{"schema: slreq:endorsement"},
		"misplaced",
	},
	{
		"two endorsements", edits(endorsed, endorsed+unendorsed), Draft, []string{"schema: slreq:endorsement[2]"},
		"given more than once",
	},
	{
		"second endorsement last", edits(account, account+unendorsed), Draft, []string{"schema: slreq:endorsement[2]"},
		"given more than once",
	},
	{
		"endorsement in an extension", edits(related, `<ex:a rdf:parseType="Resource">`+unendorsed+"</ex:a>"), Draft,
		[]string{"schema: ex:a/slreq:endorsement"}, "misplaced",
	},
	{
		"decoy in rdf:type",
		edits(
			identifier,
			"<rdf:type><ex:a><ex:b rdf:parseType='Resource'><slreq:email>x@y</slreq:email></ex:b></ex:a></rdf:type>"+identifier,
		),
		Draft, []string{"schema: rdf:type/ex:a/ex:b/slreq:email"}, "misplaced",
	},
	{"decoy", edits(titled, titled+"<slreq:email>x@y</slreq:email>"), Draft, []string{"schema: slreq:email"}, "misplaced"},

	// Checksums.
	{
		"value before algorithm",
		edits(
			sha1Sum,
			`<slreq:checksum rdf:parseType="Resource"><slreq:value>0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33</slreq:value`+
				`><slreq:algorithm>SHA-1</slreq:algorithm></slreq:checksum>`,
		),
		Draft, []string{"schema: slreq:checksum[2]/slreq:algorithm"}, "misplaced",
	},
	{
		"no value", edits("<slreq:value>acbd18db4cc2f85cedef654fccc4a4d8</slreq:value>", ""), Draft,
		[]string{"schema: slreq:checksum[1]"}, "no slreq:value",
	},
	{
		"no algorithm", edits("<slreq:algorithm>MD5</slreq:algorithm>", ""), Draft, []string{"schema: slreq:checksum[1]"},
		"no slreq:algorithm",
	},
	{
		"stranger in a checksum", edits("<slreq:algorithm>MD5", "<ex:a/><slreq:algorithm>MD5"), Draft,
		[]string{"schema: slreq:checksum[1]/ex:a"}, "want slreq:algorithm, slreq:value",
	},
	{
		"text in a checksum", edits("<slreq:algorithm>MD5", "x<slreq:algorithm>MD5"), Draft,
		[]string{"schema: slreq:checksum[1]"}, `text "x"`,
	},
	{
		"empty value", edits("acbd18db4cc2f85cedef654fccc4a4d8", ""), Draft, []string{"schema: slreq:checksum[1]/slreq:value"},
		`""; want hexadecimal digits`,
	},
	{
		"value not hexadecimal", edits("acbd18db4cc2f85cedef654fccc4a4d8", "acbd18db4cc2f85cedef654fccc4a4dg"), Draft,
		[]string{"schema: slreq:checksum[1]/slreq:value"}, "hexadecimal digits",
	},
	{
		"value with space", edits("acbd18db4cc2f85cedef654fccc4a4d8", " acbd18db4cc2f85cedef654fccc4a4d"), Draft,
		[]string{"schema: slreq:checksum[1]/slreq:value"}, "hexadecimal digits",
	},
	{
		"value too short", edits("acbd18db4cc2f85cedef654fccc4a4d8", "acbd18db"), Draft, []string{"schema: slreq:checksum[1]"},
		`MD5 digest "acbd18db" of 8 digits; want 32`,
	},
	{
		"SHA-1 of 41 digits", edits("0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33", "00beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33"),
		Draft, []string{"schema: slreq:checksum[2]"}, "of 41 digits; want 40",
	},
	{
		"misspelt algorithm", edits("<slreq:algorithm>MD5", "<slreq:algorithm>md5"), Draft,
		[]string{"schema: slreq:checksum[1]/slreq:algorithm"}, `"md5"; want MD5`,
	},
	{
		"empty algorithm", edits("<slreq:algorithm>MD5", "<slreq:algorithm>"), Draft,
		[]string{"schema: slreq:checksum[1]/slreq:algorithm"}, "a name such as",
	},
	{
		"attribute on a value", edits("<slreq:value>acbd", "<slreq:value xml:lang='en'>acbd"), Draft,
		[]string{"schema: slreq:checksum[1]/slreq:value"}, "attribute xml:lang; want none",
	},

	// The endorsement.
	{
		"no created", edits("<dcterms:created>2026-11-22T20:45:20Z</dcterms:created>", ""), Draft,
		[]string{"schema: slreq:endorsement"}, "no dcterms:created",
	},
	{
		"no email", edits("<slreq:email>ada@example.org</slreq:email>", ""), Draft,
		[]string{"schema: slreq:endorsement/slreq:endorser"}, "no slreq:email",
	},
	{
		"no subject", edits("<slreq:subject>CN=Ada Image,C=EU</slreq:subject>", ""), Draft,
		[]string{"schema: slreq:endorsement/slreq:endorser"}, "no slreq:subject",
	},
	{
		"no issuer", edits("<slreq:issuer>CN=Authority,C=EU</slreq:issuer>", ""), Draft,
		[]string{"schema: slreq:endorsement/slreq:endorser"}, "no slreq:issuer",
	},
	{
		"two subjects", edits("<slreq:subject>", "<slreq:subject>CN=B</slreq:subject><slreq:subject>"), Draft,
		[]string{"schema: slreq:endorsement/slreq:endorser/slreq:subject[2]"}, "more than once",
	},
	{
		"empty email", edits("ada@example.org", ""), Draft, []string{"schema: slreq:endorsement/slreq:endorser/slreq:email"},
		`""; want letters`,
	},
	{
		"bad email", edits("ada@example.org", "Ada ada@example.org"), Draft,
		[]string{"schema: slreq:endorsement/slreq:endorser/slreq:email"}, "want letters",
	},
	{
		"email and line end", edits("ada@example.org", "ada@example.org\n"), Draft,
		[]string{"schema: slreq:endorsement/slreq:endorser/slreq:email"}, "want letters",
	},
	{
		"comment in email", edits("ada@example.org", "ada@example.org<!---->.evil"), Draft,
		[]string{"schema: slreq:endorsement/slreq:endorser/slreq:email"}, "comment inside; want text only",
	},
	{
		"instruction in subject", edits("CN=Ada Image", "CN=Ada<?x?> Image"), Draft,
		[]string{"schema: slreq:endorsement/slreq:endorser/slreq:subject"}, "processing instruction inside",
	},
	{
		"element in issuer", edits("CN=Authority", "CN=<i/>Authority"), Draft,
		[]string{"schema: slreq:endorsement/slreq:endorser/slreq:issuer"}, "element i inside",
	},
	{
		"bad created", edits("2026-11-22T20:45:20Z", "2026-11-22"), Draft,
		[]string{"constraint 13: slreq:endorsement/dcterms:created"}, `time "2026-11-22"`,
	},
	{
		"text in the endorsement", edits(endorsed, `<slreq:endorsement rdf:parseType="Resource">x</slreq:endorsement>`), Draft,
		[]string{"schema: slreq:endorsement"}, `text "x"`,
	},
}
