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
		{
			name: "again", issuer: "root", subject: "/C=FR/O=Grid/CN=inter", keyOf: "inter",
			extensions: strings.Replace(authority, ",cRLSign", "", 1),
		},
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
	p.list(revocations{
		file: "jane.crl", issuer: "root", revoked: map[string]string{"nobody": "superseded", "jane": "keyCompromise"},
	})
	p.list(revocations{file: "before.crl", issuer: "root", from: "20180220", to: "20180401"})
	p.list(revocations{file: "stale.crl", issuer: "root", from: "20180101", to: "20180201"})
	p.list(revocations{file: "early.crl", issuer: "root", from: "20180601", to: "20180701"})
	p.list(revocations{file: "rootinter.crl", issuer: "root", revoked: map[string]string{"inter": "CACompromise"}})
	p.list(revocations{file: "inter.crl", issuer: "inter"})
	p.list(revocations{file: "janeinter.crl", issuer: "inter", revoked: map[string]string{"janeinter": "certificateHold"}})
	p.list(revocations{file: "twin.crl", issuer: "twin", revoked: map[string]string{"jane": "keyCompromise"}})
	p.list(revocations{file: "part.crl", issuer: "root", args: []string{"-crlexts", "part"}})
	p.list(revocations{file: "v1.crl", issuer: "root", revoked: map[string]string{"jane": "unspecified"}, version1: true})
	p.list(revocations{
		file: "sha1.crl", issuer: "root", revoked: map[string]string{"jane": "unspecified"}, args: []string{"-md", "sha1"},
	})
	p.openssl("crl", "-in", "jane.crl", "-outform", "DER", "-out", "der.crl")
	forged := []byte(p.content("der.crl"))
	forged[len(forged)-1] ^= 1
	p.write("forged.crl", string(forged))
	p.bundle("bundle.pem", "old.pem", "root.pem", "inter.pem")
	p.directory("hashed", "old.pem", "root.pem", "inter.pem")
	p.directory("sites", "root.pem", "jane.crl")
	return p
}
