package trust

type decisionCase struct {
	name, leaf string
	load, pin  []string // files and directories; names
	chain      []string
	email      string // jane@example.org unless given
	at         string // 2018-03-01 unless given
	now        string // the day after at unless given
	want       string // the reason, with + before it if the claim is trusted
	alone      string // why openssl verify thinks otherwise, or cannot be asked
}

const (
	pinned    = "openssl has no pins"
	asRoot    = "+issued by CN=root,O=Grid,C=FR"
	unrelated = "its certificate is not pinned, and its issuer CN=root,O=Grid,C=FR is not trusted"
)

var decisions = []decisionCase{
	{name: "nothing to trust", leaf: "jane", want: "no certificate or authority to trust was given"},
	{
		name: "only a list", leaf: "jane", load: []string{"root.crl"},
		want: "no certificate or authority to trust was given",
	},

	{name: "pinned", leaf: "jane", pin: []string{"jane"}, want: "+pinned certificate", alone: pinned},
	{name: "loaded", leaf: "jane", load: []string{"jane.pem"}, want: "+pinned certificate", alone: pinned},
	{name: "pinned self-signed", leaf: "self", pin: []string{"self"}, want: "+pinned certificate", alone: pinned},
	{
		name: "pinned MD5 RSA-1024", leaf: "selfmd5", pin: []string{"selfmd5"}, want: "+pinned certificate",
		alone: pinned,
	},
	{
		name: "pinned SHA-1", leaf: "janesha1", pin: []string{"janesha1"}, want: "+pinned certificate", alone: pinned,
	},
	{
		name: "another pinned", leaf: "jane", pin: []string{"self"},
		want: "its certificate is not pinned, and no authority is trusted",
	},
	{
		name: "pinned without address", leaf: "nobody", pin: []string{"nobody"},
		want: "+pinned certificate, which does not name the e-mail address", alone: pinned,
	},
	{
		name: "pinned, expired at the endorsement", leaf: "jane", pin: []string{"jane"}, at: "2021-05-06",
		want: "its certificate expired on 2020-01-01, before the endorsement of 2021-05-06",
	},
	{
		name: "pinned, revoked", leaf: "jane", pin: []string{"jane"}, load: []string{"root.pem", "jane.crl"},
		want: "the certificate of CN=jane,O=Grid,C=FR was revoked on 2018-02-27: key compromise",
	},
	{
		name: "pinned SHA-1, list out of date", leaf: "janesha1", pin: []string{"janesha1"},
		load: []string{"root.pem", "stale.crl"},
		want: "the revocation list of CN=root,O=Grid,C=FR is out of date since 2018-02-01",
	},
	{
		name: "pinned, list of an unknown issuer", leaf: "jane", pin: []string{"jane"}, load: []string{"jane.crl"},
		want: "there is a revocation list of its issuer, but not the issuer's certificate to check the list with",
	},
	{
		name: "pinned, list of a namesake", leaf: "jane", pin: []string{"jane"},
		load: []string{"root.pem", "twin.pem", "root.crl"}, want: "+pinned certificate", alone: pinned,
	},
	{
		name: "loaded root, list out of date", leaf: "root", load: []string{"root.pem", "stale.crl"},
		want: "+pinned certificate, which does not name the e-mail address", alone: pinned,
	},

	{name: "CA file", leaf: "jane", load: []string{"root.pem"}, want: asRoot},
	{name: "bundle", leaf: "jane", load: []string{"bundle.pem"}, want: asRoot},
	{name: "hashed directory", leaf: "jane", load: []string{"hashed"}, want: asRoot},
	{name: "expired since", leaf: "jane", load: []string{"root.pem"}, now: "2026-01-01", want: asRoot},
	{
		name: "expired at the endorsement", leaf: "jane", load: []string{"root.pem"}, at: "2020-01-01",
		want: "its certificate expired on 2020-01-01T00:00:00Z, before the endorsement of 2020-01-01T12:00:00Z",
	},
	{
		name: "not yet valid at the endorsement", leaf: "jane", load: []string{"root.pem"}, at: "2014-12-31",
		want: "its certificate was valid only from 2015-01-01, after the endorsement of 2014-12-31",
	},
	{
		name: "in the future", leaf: "jane", load: []string{"root.pem"}, now: "2018-02-28",
		want: "the endorsement is dated in the future: 2018-03-01T12:00:00Z", alone: "its clock is set",
	},
	{
		name: "CA expired at the endorsement", leaf: "janeold", load: []string{"old.pem"},
		want: "the certificate of the authority CN=old,O=Grid,C=FR expired on 2016-01-01, before the endorsement " +
			"of 2018-03-01",
	},
	{
		name: "CA expired since", leaf: "janeold", load: []string{"old.pem"}, at: "2015-03-01", now: "2018-01-01",
		want: "+issued by CN=old,O=Grid,C=FR",
	},

	{
		name: "intermediate sent", leaf: "janeinter", load: []string{"root.pem"}, chain: []string{"inter"},
		want: "+issued by CN=inter,O=Grid,C=FR",
	},
	{
		name: "intermediate in the directory", leaf: "janeinter", load: []string{"hashed"},
		want: "+issued by CN=inter,O=Grid,C=FR",
	},
	{
		name: "intermediate missing", leaf: "janeinter", load: []string{"root.pem"},
		want: "its certificate is not pinned, and its issuer CN=inter,O=Grid,C=FR is not trusted",
	},
	{name: "intermediate alone", leaf: "janeinter", load: []string{"inter.pem"}, want: unrelated},
	{
		name: "root sent", leaf: "jane", load: []string{"old.pem"}, chain: []string{"root"},
		want: "its certificate is not pinned, and the authority CN=root,O=Grid,C=FR above it is not trusted",
	},
	{
		name: "below its path length", leaf: "janelower", load: []string{"root.pem"}, chain: []string{"low", "lower"},
		want: "there are more authorities above its certificate than one of them permits",
	},

	{name: "unknown authority", leaf: "jane", load: []string{"old.pem"}, want: unrelated},
	{
		name: "namesake of the authority", leaf: "jane", load: []string{"twin.pem"},
		want: "its certificate is not pinned, and was not issued by the authority CN=root,O=Grid,C=FR that is " +
			"trusted, but by a namesake",
	},
	{
		name: "self-signed", leaf: "self", load: []string{"root.pem"},
		want: "its certificate is self-signed and not pinned",
	},
	{
		name: "self-signed authority", leaf: "selfca", load: []string{"root.pem"},
		want: "its certificate is self-signed and not pinned",
	},
	{
		name: "a pinned leaf is no authority", leaf: "mallory", pin: []string{"jane"}, load: []string{"root.pem"},
		chain: []string{"jane"},
		want:  "its certificate is not pinned, and its issuer CN=jane,O=Grid,C=FR is not trusted",
	},
	{
		name: "a loaded leaf is no authority", leaf: "mallory", load: []string{"jane.pem", "root.pem"},
		want: "its certificate is not pinned, and its issuer CN=jane,O=Grid,C=FR is not trusted",
	},
	{
		name: "a pinned authority is no anchor", leaf: "jane", pin: []string{"root"}, chain: []string{"root"},
		want: "its certificate is not pinned, and no authority is trusted",
	},
	{
		name: "not for signing certificates", leaf: "janelists", load: []string{"lists.pem", "root.pem"},
		want: "its certificate is not pinned, and its issuer CN=lists,O=Grid,C=FR is not trusted",
	},
	{
		name: "escape sequences", leaf: "janeescape", load: []string{"root.pem"},
		want: "its certificate is not pinned, and its issuer CN=a\uFFFD[2Jb is not trusted",
	},

	{
		name: "SHA-1 leaf", leaf: "janesha1", load: []string{"root.pem"}, alone: "it allows SHA-1",
		want: "the certificate of CN=janesha1,O=Grid,C=FR is signed with ECDSA-SHA1, which is not safe; to trust " +
			"it, pin the signer's certificate",
	},
	{
		name: "SHA-1 intermediate", leaf: "janeweakinter", load: []string{"root.pem"}, chain: []string{"weakinter"},
		alone: "it allows SHA-1",
		want: "the certificate of CN=weakinter,O=Grid,C=FR is signed with ECDSA-SHA1, which is not safe; to trust " +
			"it, pin the signer's certificate",
	},
	{name: "SHA-1 root", leaf: "janeweak", load: []string{"weak.pem"}, want: "+issued by CN=weak,O=Grid,C=FR"},
	{
		name: "unsupported algorithm", leaf: "janeexotic", load: []string{"exotic.pem"}, alone: "it supports Ed448",
		want: "the certificate of CN=janeexotic,O=Grid,C=FR is signed with an algorithm that is not supported; to " +
			"trust it, pin the signer's certificate",
	},
	{
		name: "MD5 root", leaf: "janeancient", load: []string{"ancient.pem"},
		want: "+issued by CN=ancient,O=Grid,C=FR",
	},
	{
		name: "name constraints", leaf: "janecom", load: []string{"com.pem"},
		want: "its certificate has a name that the name constraints of an authority above it do not permit",
	},
	{
		name: "critical extension", leaf: "janecritical", load: []string{"root.pem"},
		want: "its certificate has a critical extension (1.2.3.4) that is not understood; it can be pinned",
	},

	{
		name: "without address", leaf: "nobody", load: []string{"root.pem"},
		want: `its certificate, issued by CN=root,O=Grid,C=FR, does not name the e-mail address ` +
			`"jane@example.org"; it can be pinned`,
	},
	{
		name: "another address", leaf: "jane", load: []string{"root.pem"}, email: "joe@example.org",
		want: `its certificate, issued by CN=root,O=Grid,C=FR, does not name the e-mail address ` +
			`"joe@example.org"; it can be pinned`,
	},
	{
		name: "upper-case local part", leaf: "jane", load: []string{"root.pem"}, email: "Jane@example.org",
		want: `its certificate, issued by CN=root,O=Grid,C=FR, does not name the e-mail address ` +
			`"Jane@example.org"; it can be pinned`,
	},
	{name: "upper-case domain", leaf: "jane", load: []string{"root.pem"}, email: "jane@EXAMPLE.org", want: asRoot},
	{
		name: "no address", leaf: "jane", load: []string{"root.pem"}, email: "@", alone: "it checks no empty address",
		want: `its certificate, issued by CN=root,O=Grid,C=FR, does not name the e-mail address ` +
			`"@"; it can be pinned`,
	},
}
