package trust

// revocationDecisions are the cases with revocation lists of authorities.
var revocationDecisions = []decisionCase{
	{name: "not revoked", leaf: "jane", load: []string{"root.pem", "root.crl"}, want: asRoot},
	{
		name: "revoked", leaf: "jane", load: []string{"root.pem", "jane.crl"},
		want: "the certificate of CN=jane,O=Grid,C=FR was revoked on 2018-02-27: key compromise",
	},
	{
		name: "revoked, list in DER", leaf: "jane", load: []string{"root.pem", "der.crl"},
		want: "the certificate of CN=jane,O=Grid,C=FR was revoked on 2018-02-27: key compromise",
	},
	{
		name: "revoked, list in the directory", leaf: "jane", load: []string{"sites"},
		want: "the certificate of CN=jane,O=Grid,C=FR was revoked on 2018-02-27: key compromise",
	},
	{
		name: "revoked, list of version 1", leaf: "jane", load: []string{"root.pem", "v1.crl"},
		want: "the certificate of CN=jane,O=Grid,C=FR was revoked on 2018-02-27",
	},
	{
		name: "revoked, list with SHA-1", leaf: "jane", load: []string{"root.pem", "sha1.crl"},
		want: "the certificate of CN=jane,O=Grid,C=FR was revoked on 2018-02-27",
	},
	{
		name: "revoked after the endorsement", leaf: "jane", load: []string{"root.pem", "jane.crl"}, at: "2016-01-01",
		now: "2018-03-01", want: "the certificate of CN=jane,O=Grid,C=FR was revoked on 2018-02-27: key compromise",
	},
	{
		name: "list out of date", leaf: "jane", load: []string{"root.pem", "stale.crl"},
		want: "the revocation list of CN=root,O=Grid,C=FR is out of date since 2018-02-01",
	},
	{
		name: "list out of date since the endorsement", leaf: "jane", load: []string{"root.pem", "root.crl"},
		now: "2026-01-01", want: "the revocation list of CN=root,O=Grid,C=FR is out of date since 2018-03-25",
		alone: "it judges lists at the endorsement",
	},
	{
		name: "list from the future", leaf: "jane", load: []string{"root.pem", "early.crl"},
		want: "the revocation list of CN=root,O=Grid,C=FR is dated 2018-06-01, in the future",
	},
	{
		name: "newest list counts", leaf: "jane", load: []string{"root.pem", "before.crl", "jane.crl", "stale.crl"},
		want: "the certificate of CN=jane,O=Grid,C=FR was revoked on 2018-02-27: key compromise",
	},
	{
		name: "newest list of a day counts", leaf: "jane", load: []string{"root.pem", "jane.crl", "root.crl"},
		alone: "it takes the first",
		want:  "the certificate of CN=jane,O=Grid,C=FR was revoked on 2018-02-27: key compromise",
	},
	{
		name: "part of a list", leaf: "jane", load: []string{"root.pem", "part.crl"},
		alone: "it understands this one",
		want: "the revocation list of CN=root,O=Grid,C=FR may be incomplete: its critical extension 2.5.29.28 is " +
			"not understood",
	},
	{
		name: "list of an unknown namesake", leaf: "jane", load: []string{"root.pem", "twin.crl"},
		want: `the revocation list "DIR/twin.crl" of CN=root,O=Grid,C=FR has no valid signature: ECDSA ` +
			`verification failure`,
	},
	{
		name: "list of a namesake that is trusted", leaf: "jane", load: []string{"root.pem", "twin.pem", "twin.crl"},
		want: asRoot, alone: "it wants a list of every authority",
	},
	{
		name: "forged list", leaf: "jane", load: []string{"root.pem", "forged.crl"},
		want: `the revocation list "DIR/forged.crl" of CN=root,O=Grid,C=FR has no valid signature: ECDSA ` +
			`verification failure`,
	},
	{
		name: "forged list beside a good one", leaf: "jane", load: []string{"root.pem", "forged.crl", "root.crl"},
		want: asRoot, alone: "it takes the first",
	},
	{
		name: "intermediate not revoked", leaf: "janeinter", load: []string{"root.pem", "root.crl", "inter.crl"},
		chain: []string{"inter"}, want: "+issued by CN=inter,O=Grid,C=FR",
	},
	{
		name: "intermediate revoked", leaf: "janeinter", load: []string{"root.pem", "rootinter.crl", "inter.crl"},
		chain: []string{"inter"},
		want:  "the certificate of CN=inter,O=Grid,C=FR was revoked on 2018-02-27: CA compromise",
	},
	{
		name: "revoked below an intermediate", leaf: "janeinter",
		load: []string{"root.pem", "root.crl", "janeinter.crl"}, chain: []string{"inter"},
		want: "the certificate of CN=janeinter,O=Grid,C=FR was revoked on 2018-02-27: on hold",
	},
	{
		name: "revoked, by the same key under another certificate", leaf: "janeinter",
		load: []string{"root.pem", "inter.pem", "root.crl", "janeinter.crl"}, chain: []string{"again"},
		want: "the certificate of CN=janeinter,O=Grid,C=FR was revoked on 2018-02-27: on hold",
	},
	{
		name: "revoked, and only a certificate that may not sign lists", leaf: "janeinter",
		load: []string{"root.pem", "janeinter.crl"}, chain: []string{"again"},
		want: "the certificate of CN=janeinter,O=Grid,C=FR was revoked on 2018-02-27: on hold",
	},
	{
		name: "list of another authority only", leaf: "janeinter", load: []string{"root.pem", "root.crl"},
		chain: []string{"inter"}, want: "+issued by CN=inter,O=Grid,C=FR",
		alone: "it wants a list of every authority",
	},
}
