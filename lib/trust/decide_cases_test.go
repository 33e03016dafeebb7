package trust

import (
	"strings"
	"testing"
)

// world makes the certificates and files of TestDecide.
func world(t *testing.T) pki {
	p := newPKI(t)
	twin := "/C=FR/O=Grid/CN=root"
	for _, r := range []request{
		{name: "root", issuer: "root", extensions: authority},
		{name: "old", issuer: "old", extensions: authority, to: "2016"},
		{name: "twin", issuer: "twin", extensions: authority, subject: twin},
		{name: "weak", issuer: "weak", extensions: authority, digest: "sha1"},
		{name: "lists", issuer: "lists", extensions: strings.Replace(authority, "keyCertSign,", "", 1)},
		{name: "inter", issuer: "root", extensions: authority},
		{name: "low", issuer: "root", extensions: strings.Replace(authority, "CA:TRUE", "CA:TRUE,pathlen:0", 1)},
		{name: "lower", issuer: "low", extensions: authority},
		{name: "com", issuer: "com", extensions: authority + "nameConstraints=critical,permitted;email:example.com\n"},
		{name: "weakinter", issuer: "root", extensions: authority, digest: "sha1"},
		{name: "again", issuer: "root", subject: "/C=FR/O=Grid/CN=inter", keyOf: "inter", extensions: strings.Replace(authority, ",cRLSign", "", 1)},
		{name: "jane", issuer: "root", extensions: person, from: "2015", to: "2020"},
		{name: "janeinter", issuer: "inter", extensions: person},
		{name: "janelower", issuer: "lower", extensions: person},
		{name: "janeold", issuer: "old", extensions: person},
		{name: "janecom", issuer: "com", extensions: person},
		{name: "janeweak", issuer: "weak", extensions: person},
		{name: "janelists", issuer: "lists", extensions: person},
		{name: "janetwin", issuer: "twin", extensions: person},
		{name: "janeweakinter", issuer: "weakinter", extensions: person},
		{name: "janesha1", issuer: "root", extensions: person, digest: "sha1"},
		{name: "janecritical", issuer: "root", extensions: person + "1.2.3.4=critical,ASN1:NULL\n"},
		{name: "nobody", issuer: "root", extensions: "basicConstraints=CA:FALSE\n"},
		{name: "self", issuer: "self", extensions: person},
		{name: "selfmd5", issuer: "selfmd5", extensions: person, digest: "md5", key: "rsa:1024"},
		{name: "selfca", issuer: "selfca", extensions: strings.Replace(person, "FALSE", "TRUE", 1)},
		{name: "mallory", issuer: "jane", extensions: person},
		{name: "exotic", issuer: "exotic", extensions: authority, digest: "null", key: "ed448"},
		{name: "janeexotic", issuer: "exotic", extensions: person, digest: "null"},
		{name: "ancient", issuer: "ancient", extensions: authority, digest: "md5", key: "rsa:2048"},
		{name: "janeancient", issuer: "ancient", extensions: person},
		{name: "escape", issuer: "escape", extensions: person, subject: "/CN=a\x1b[2Jb"},
		{name: "janeescape", issuer: "escape", extensions: person},
	} {
		p.issue(r)
	}
	p.list(revocations{file: "root.crl", issuer: "root", revoked: map[string]string{"nobody": "superseded"}})
	p.list(revocations{file: "jane.crl", issuer: "root", revoked: map[string]string{"nobody": "superseded", "jane": "keyCompromise"}})
	p.list(revocations{file: "before.crl", issuer: "root", from: "20180220", to: "20180401"})
	p.list(revocations{file: "stale.crl", issuer: "root", from: "20180101", to: "20180201"})
	p.list(revocations{file: "early.crl", issuer: "root", from: "20180601", to: "20180701"})
	p.list(revocations{file: "rootinter.crl", issuer: "root", revoked: map[string]string{"inter": "CACompromise"}})
	p.list(revocations{file: "inter.crl", issuer: "inter"})
	p.list(revocations{file: "janeinter.crl", issuer: "inter", revoked: map[string]string{"janeinter": "certificateHold"}})
	p.list(revocations{file: "twin.crl", issuer: "twin", revoked: map[string]string{"jane": "keyCompromise"}})
	p.list(revocations{file: "part.crl", issuer: "root", args: []string{"-crlexts", "part"}})
	p.list(revocations{file: "v1.crl", issuer: "root", revoked: map[string]string{"jane": "unspecified"}, version1: true})
	p.list(revocations{file: "sha1.crl", issuer: "root", revoked: map[string]string{"jane": "unspecified"}, args: []string{"-md", "sha1"}})
	p.openssl("crl", "-in", "jane.crl", "-outform", "DER", "-out", "der.crl")
	forged := []byte(p.content("der.crl"))
	forged[len(forged)-1] ^= 1
	p.write("forged.crl", string(forged))
	p.bundle("bundle.pem", "old.pem", "root.pem", "inter.pem")
	p.directory("hashed", "old.pem", "root.pem", "inter.pem")
	p.directory("sites", "root.pem", "jane.crl")
	return p
}

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
	{name: "only a list", leaf: "jane", load: []string{"root.crl"}, want: "no certificate or authority to trust was given"},

	{name: "pinned", leaf: "jane", pin: []string{"jane"}, want: "+pinned certificate", alone: pinned},
	{name: "loaded", leaf: "jane", load: []string{"jane.pem"}, want: "+pinned certificate", alone: pinned},
	{name: "pinned self-signed", leaf: "self", pin: []string{"self"}, want: "+pinned certificate", alone: pinned},
	{name: "pinned MD5 RSA-1024", leaf: "selfmd5", pin: []string{"selfmd5"}, want: "+pinned certificate", alone: pinned},
	{name: "pinned SHA-1", leaf: "janesha1", pin: []string{"janesha1"}, want: "+pinned certificate", alone: pinned},
	{name: "another pinned", leaf: "jane", pin: []string{"self"}, want: "its certificate is not pinned, and no authority is trusted"},
	{name: "pinned without address", leaf: "nobody", pin: []string{"nobody"}, want: "+pinned certificate, which does not name the e-mail address", alone: pinned},
	{name: "pinned, expired at the endorsement", leaf: "jane", pin: []string{"jane"}, at: "2021-05-06",
		want: "its certificate expired on 2020-01-01, before the endorsement of 2021-05-06"},
	{name: "pinned, revoked", leaf: "jane", pin: []string{"jane"}, load: []string{"root.pem", "jane.crl"},
		want: "the certificate of CN=jane,O=Grid,C=FR was revoked on 2018-02-27: key compromise"},
	{name: "pinned SHA-1, list out of date", leaf: "janesha1", pin: []string{"janesha1"}, load: []string{"root.pem", "stale.crl"},
		want: "the revocation list of CN=root,O=Grid,C=FR is out of date since 2018-02-01"},
	{name: "pinned, list of an unknown issuer", leaf: "jane", pin: []string{"jane"}, load: []string{"jane.crl"},
		want: "there is a revocation list of its issuer, but not the issuer's certificate to check the list with"},
	{name: "pinned, list of a namesake", leaf: "jane", pin: []string{"jane"}, load: []string{"root.pem", "twin.pem", "root.crl"}, want: "+pinned certificate", alone: pinned},
	{name: "loaded root, list out of date", leaf: "root", load: []string{"root.pem", "stale.crl"}, want: "+pinned certificate, which does not name the e-mail address", alone: pinned},

	{name: "CA file", leaf: "jane", load: []string{"root.pem"}, want: asRoot},
	{name: "bundle", leaf: "jane", load: []string{"bundle.pem"}, want: asRoot},
	{name: "hashed directory", leaf: "jane", load: []string{"hashed"}, want: asRoot},
	{name: "expired since", leaf: "jane", load: []string{"root.pem"}, now: "2026-01-01", want: asRoot},
	{name: "expired at the endorsement", leaf: "jane", load: []string{"root.pem"}, at: "2020-01-01",
		want: "its certificate expired on 2020-01-01T00:00:00Z, before the endorsement of 2020-01-01T12:00:00Z"},
	{name: "not yet valid at the endorsement", leaf: "jane", load: []string{"root.pem"}, at: "2014-12-31",
		want: "its certificate was valid only from 2015-01-01, after the endorsement of 2014-12-31"},
	{name: "in the future", leaf: "jane", load: []string{"root.pem"}, now: "2018-02-28", want: "the endorsement is dated in the future: 2018-03-01T12:00:00Z", alone: "its clock is set"},
	{name: "CA expired at the endorsement", leaf: "janeold", load: []string{"old.pem"},
		want: "the certificate of the authority CN=old,O=Grid,C=FR expired on 2016-01-01, before the endorsement of 2018-03-01"},
	{name: "CA expired since", leaf: "janeold", load: []string{"old.pem"}, at: "2015-03-01", now: "2018-01-01", want: "+issued by CN=old,O=Grid,C=FR"},

	{name: "intermediate sent", leaf: "janeinter", load: []string{"root.pem"}, chain: []string{"inter"}, want: "+issued by CN=inter,O=Grid,C=FR"},
	{name: "intermediate in the directory", leaf: "janeinter", load: []string{"hashed"}, want: "+issued by CN=inter,O=Grid,C=FR"},
	{name: "intermediate missing", leaf: "janeinter", load: []string{"root.pem"}, want: "its certificate is not pinned, and its issuer CN=inter,O=Grid,C=FR is not trusted"},
	{name: "intermediate alone", leaf: "janeinter", load: []string{"inter.pem"}, want: unrelated},
	{name: "root sent", leaf: "jane", load: []string{"old.pem"}, chain: []string{"root"},
		want: "its certificate is not pinned, and the authority CN=root,O=Grid,C=FR above it is not trusted"},
	{name: "below its path length", leaf: "janelower", load: []string{"root.pem"}, chain: []string{"low", "lower"},
		want: "there are more authorities above its certificate than one of them permits"},

	{name: "unknown authority", leaf: "jane", load: []string{"old.pem"}, want: unrelated},
	{name: "namesake of the authority", leaf: "jane", load: []string{"twin.pem"},
		want: "its certificate is not pinned, and was not issued by the authority CN=root,O=Grid,C=FR that is trusted, but by a namesake"},
	{name: "self-signed", leaf: "self", load: []string{"root.pem"}, want: "its certificate is self-signed and not pinned"},
	{name: "self-signed authority", leaf: "selfca", load: []string{"root.pem"}, want: "its certificate is self-signed and not pinned"},
	{name: "a pinned leaf is no authority", leaf: "mallory", pin: []string{"jane"}, load: []string{"root.pem"}, chain: []string{"jane"},
		want: "its certificate is not pinned, and its issuer CN=jane,O=Grid,C=FR is not trusted"},
	{name: "a loaded leaf is no authority", leaf: "mallory", load: []string{"jane.pem", "root.pem"},
		want: "its certificate is not pinned, and its issuer CN=jane,O=Grid,C=FR is not trusted"},
	{name: "a pinned authority is no anchor", leaf: "jane", pin: []string{"root"}, chain: []string{"root"}, want: "its certificate is not pinned, and no authority is trusted"},
	{name: "not for signing certificates", leaf: "janelists", load: []string{"lists.pem", "root.pem"},
		want: "its certificate is not pinned, and its issuer CN=lists,O=Grid,C=FR is not trusted"},
	{name: "escape sequences", leaf: "janeescape", load: []string{"root.pem"}, want: "its certificate is not pinned, and its issuer CN=a\uFFFD[2Jb is not trusted"},

	{name: "SHA-1 leaf", leaf: "janesha1", load: []string{"root.pem"}, alone: "it allows SHA-1",
		want: "the certificate of CN=janesha1,O=Grid,C=FR is signed with ECDSA-SHA1, which is not safe; to trust it, pin the signer's certificate"},
	{name: "SHA-1 intermediate", leaf: "janeweakinter", load: []string{"root.pem"}, chain: []string{"weakinter"}, alone: "it allows SHA-1",
		want: "the certificate of CN=weakinter,O=Grid,C=FR is signed with ECDSA-SHA1, which is not safe; to trust it, pin the signer's certificate"},
	{name: "SHA-1 root", leaf: "janeweak", load: []string{"weak.pem"}, want: "+issued by CN=weak,O=Grid,C=FR"},
	{name: "unsupported algorithm", leaf: "janeexotic", load: []string{"exotic.pem"}, alone: "it supports Ed448",
		want: "the certificate of CN=janeexotic,O=Grid,C=FR is signed with an algorithm that is not supported; to trust it, pin the signer's certificate"},
	{name: "MD5 root", leaf: "janeancient", load: []string{"ancient.pem"}, want: "+issued by CN=ancient,O=Grid,C=FR"},
	{name: "name constraints", leaf: "janecom", load: []string{"com.pem"},
		want: "its certificate has a name that the name constraints of an authority above it do not permit"},
	{name: "critical extension", leaf: "janecritical", load: []string{"root.pem"}, want: "its certificate has a critical extension (1.2.3.4) that is not understood; it can be pinned"},

	{name: "without address", leaf: "nobody", load: []string{"root.pem"},
		want: `its certificate, issued by CN=root,O=Grid,C=FR, does not name the e-mail address "jane@example.org"; it can be pinned`},
	{name: "another address", leaf: "jane", load: []string{"root.pem"}, email: "joe@example.org",
		want: `its certificate, issued by CN=root,O=Grid,C=FR, does not name the e-mail address "joe@example.org"; it can be pinned`},
	{name: "upper-case local part", leaf: "jane", load: []string{"root.pem"}, email: "Jane@example.org",
		want: `its certificate, issued by CN=root,O=Grid,C=FR, does not name the e-mail address "Jane@example.org"; it can be pinned`},
	{name: "upper-case domain", leaf: "jane", load: []string{"root.pem"}, email: "jane@EXAMPLE.org", want: asRoot},
	{name: "no address", leaf: "jane", load: []string{"root.pem"}, email: "@", alone: "it checks no empty address",
		want: `its certificate, issued by CN=root,O=Grid,C=FR, does not name the e-mail address "@"; it can be pinned`},

	{name: "not revoked", leaf: "jane", load: []string{"root.pem", "root.crl"}, want: asRoot},
	{name: "revoked", leaf: "jane", load: []string{"root.pem", "jane.crl"}, want: "the certificate of CN=jane,O=Grid,C=FR was revoked on 2018-02-27: key compromise"},
	{name: "revoked, list in DER", leaf: "jane", load: []string{"root.pem", "der.crl"}, want: "the certificate of CN=jane,O=Grid,C=FR was revoked on 2018-02-27: key compromise"},
	{name: "revoked, list in the directory", leaf: "jane", load: []string{"sites"}, want: "the certificate of CN=jane,O=Grid,C=FR was revoked on 2018-02-27: key compromise"},
	{name: "revoked, list of version 1", leaf: "jane", load: []string{"root.pem", "v1.crl"}, want: "the certificate of CN=jane,O=Grid,C=FR was revoked on 2018-02-27"},
	{name: "revoked, list with SHA-1", leaf: "jane", load: []string{"root.pem", "sha1.crl"}, want: "the certificate of CN=jane,O=Grid,C=FR was revoked on 2018-02-27"},
	{name: "revoked after the endorsement", leaf: "jane", load: []string{"root.pem", "jane.crl"}, at: "2016-01-01", now: "2018-03-01",
		want: "the certificate of CN=jane,O=Grid,C=FR was revoked on 2018-02-27: key compromise"},
	{name: "list out of date", leaf: "jane", load: []string{"root.pem", "stale.crl"}, want: "the revocation list of CN=root,O=Grid,C=FR is out of date since 2018-02-01"},
	{name: "list out of date since the endorsement", leaf: "jane", load: []string{"root.pem", "root.crl"}, now: "2026-01-01",
		want: "the revocation list of CN=root,O=Grid,C=FR is out of date since 2018-03-25", alone: "it judges lists at the endorsement"},
	{name: "list from the future", leaf: "jane", load: []string{"root.pem", "early.crl"}, want: "the revocation list of CN=root,O=Grid,C=FR is dated 2018-06-01, in the future"},
	{name: "newest list counts", leaf: "jane", load: []string{"root.pem", "before.crl", "jane.crl", "stale.crl"},
		want: "the certificate of CN=jane,O=Grid,C=FR was revoked on 2018-02-27: key compromise"},
	{name: "newest list of a day counts", leaf: "jane", load: []string{"root.pem", "jane.crl", "root.crl"}, alone: "it takes the first",
		want: "the certificate of CN=jane,O=Grid,C=FR was revoked on 2018-02-27: key compromise"},
	{name: "part of a list", leaf: "jane", load: []string{"root.pem", "part.crl"}, alone: "it understands this one",
		want: "the revocation list of CN=root,O=Grid,C=FR may be incomplete: its critical extension 2.5.29.28 is not understood"},
	{name: "list of an unknown namesake", leaf: "jane", load: []string{"root.pem", "twin.crl"},
		want: `the revocation list "DIR/twin.crl" of CN=root,O=Grid,C=FR has no valid signature: ECDSA verification failure`},
	{name: "list of a namesake that is trusted", leaf: "jane", load: []string{"root.pem", "twin.pem", "twin.crl"}, want: asRoot, alone: "it wants a list of every authority"},
	{name: "forged list", leaf: "jane", load: []string{"root.pem", "forged.crl"},
		want: `the revocation list "DIR/forged.crl" of CN=root,O=Grid,C=FR has no valid signature: ECDSA verification failure`},
	{name: "forged list beside a good one", leaf: "jane", load: []string{"root.pem", "forged.crl", "root.crl"}, want: asRoot, alone: "it takes the first"},
	{name: "intermediate not revoked", leaf: "janeinter", load: []string{"root.pem", "root.crl", "inter.crl"}, chain: []string{"inter"}, want: "+issued by CN=inter,O=Grid,C=FR"},
	{name: "intermediate revoked", leaf: "janeinter", load: []string{"root.pem", "rootinter.crl", "inter.crl"}, chain: []string{"inter"},
		want: "the certificate of CN=inter,O=Grid,C=FR was revoked on 2018-02-27: CA compromise"},
	{name: "revoked below an intermediate", leaf: "janeinter", load: []string{"root.pem", "root.crl", "janeinter.crl"}, chain: []string{"inter"},
		want: "the certificate of CN=janeinter,O=Grid,C=FR was revoked on 2018-02-27: on hold"},
	{name: "revoked, by the same key under another certificate", leaf: "janeinter", load: []string{"root.pem", "inter.pem", "root.crl", "janeinter.crl"}, chain: []string{"again"},
		want: "the certificate of CN=janeinter,O=Grid,C=FR was revoked on 2018-02-27: on hold"},
	{name: "revoked, and only a certificate that may not sign lists", leaf: "janeinter", load: []string{"root.pem", "janeinter.crl"}, chain: []string{"again"},
		want: "the certificate of CN=janeinter,O=Grid,C=FR was revoked on 2018-02-27: on hold"},
	{name: "list of another authority only", leaf: "janeinter", load: []string{"root.pem", "root.crl"}, chain: []string{"inter"},
		want: "+issued by CN=inter,O=Grid,C=FR", alone: "it wants a list of every authority"},
}
