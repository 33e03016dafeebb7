package trust

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/signature"
)

// small makes an authority, whom it has issued a certificate, and a list.
func small(t testing.TB) pki {
	p := newPKI(t)
	p.issue(request{name: "root", issuer: "root", extensions: authority})
	p.issue(request{name: "jane", issuer: "root", extensions: person})
	p.list(revocations{file: "root.crl", issuer: "root"})
	p.openssl("x509", "-in", "root.pem", "-outform", "DER", "-out", "root.cer")
	p.openssl("crl", "-in", "root.crl", "-outform", "DER", "-out", "der.crl")
	// crypto/x509 refuses negative serial numbers, openssl does not
	p.openssl("req", "-x509", "-key", "root.key", "-subj", "/CN=odd", "-set_serial", "-5", "-out", "odd.pem")
	p.write("garbage", "garbage\n")
	p.write("empty", "")
	p.write("broken.pem", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n")
	p.write("brokenlist.pem", p.content("root.pem")+"-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n")
	p.write("cut.crl", p.content("der.crl")[:100])
	p.write("longer.crl", p.content("der.crl")+"0")
	return p
}

// decide asks about jane, on a day when the list counts.
func (p pki) decide(store *store) Verdict {
	at := day("2018-03-01")
	return store.decide(&signature.Endorsed{Certificate: p.certificate("jane"), Email: "jane@example.org", Created: at}, at, false)
}

func TestLoadFile(t *testing.T) {
	p := small(t)
	p.bundle("odd-bundle.pem", "odd.pem", "root.pem")
	p.bundle("all.pem", "jane.key", "root.pem", "root.crl")
	const negative = "parsing a certificate: x509: negative serial number"
	for _, test := range []struct {
		file, want string // the error, without how it begins
		skipped    []string
	}{
		{file: "root.pem"},
		{file: "root.cer"},
		{file: "root.crl"},
		{file: "der.crl"},
		{file: "all.pem"},
		{file: "odd-bundle.pem", skipped: []string{`reading "odd-bundle.pem": ` + negative}},
		{file: "odd.pem", want: `reading "odd.pem": ` + negative},
		{file: "broken.pem", want: `reading "broken.pem": parsing a certificate: x509: malformed tbs certificate`},
		{file: "brokenlist.pem", want: `reading "brokenlist.pem": parsing a revocation list: malformed DER`},
		{file: "cut.crl", want: `reading "cut.crl": parsing a revocation list: malformed DER`},
		{file: "longer.crl", want: `reading "longer.crl": parsing a revocation list: malformed DER`},
		{file: "garbage", want: `reading "garbage": no certificate and no revocation list, in PEM or DER`},
		{file: "empty", want: `reading "empty": no certificate and no revocation list, in PEM or DER`},
		{file: "jane.key", want: `reading "jane.key": no certificate and no revocation list, in PEM or DER`},
		{file: "absent", want: "stat absent: no such file or directory"},
	} {
		t.Run(test.file, func(t *testing.T) {
			t.Chdir(p.dir)
			var store store
			got := ""
			if err := store.load(test.file); err != nil {
				got = strings.TrimPrefix(err.Error(), "loading trusted certificates: ")
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("the error differs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.skipped, texts(store.skipped)); diff != "" {
				t.Errorf("what was skipped differs (-want +got):\n%s", diff)
			}
		})
	}
}

func texts(errs []error) []string {
	var all []string
	for _, err := range errs {
		all = append(all, err.Error())
	}
	return all
}

// TestLoadDirectory has what a grid site has, and worse.
func TestLoadDirectory(t *testing.T) {
	p := small(t)
	p.directory("site", "root.pem", "root.crl")
	p.write("site/odd.pem", p.content("odd.pem"))
	for _, name := range []string{
		"README", "root.signing_policy", "root.info", "root.namespaces", "root.crl_url", "garbage.crt", "broken.crl",
	} {
		p.write(filepath.Join("site", name), "garbage\n")
	}
	for _, err := range []error{
		os.Mkdir(p.path("site/more.pem"), 0o700),
		os.Symlink("absent.pem", p.path("site/0123abcd.0")),
		syscall.Mkfifo(p.path("site/pipe.pem"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(p.dir)
	var store store
	if err := store.load("site"); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"stat site/0123abcd.0: no such file or directory",
		`reading "site/broken.crl": no certificate and no revocation list, in PEM or DER`,
		`reading "site/garbage.crt": no certificate and no revocation list, in PEM or DER`,
		`reading "site/odd.pem": parsing a certificate: x509: negative serial number`,
		`reading "site/pipe.pem": not a regular file`,
	}
	if diff := cmp.Diff(want, texts(store.skipped)); diff != "" {
		t.Errorf("what was skipped differs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Verdict{Trusted: true, Reason: "issued by CN=root,O=Grid,C=FR"}, p.decide(&store)); diff != "" {
		t.Errorf("the decision differs (-want +got):\n%s", diff)
	}
}

// TestLoadBrokenHashedList shows that an authority whose list is there but
// cannot be read is not taken for one without a list.
func TestLoadBrokenHashedList(t *testing.T) {
	p := small(t)
	p.directory("site", "root.pem")
	hash := strings.TrimSpace(p.openssl("x509", "-in", "root.pem", "-noout", "-hash"))
	t.Chdir(p.dir)
	for _, test := range []struct{ name, content, want string }{
		{"cut", p.content("cut.crl"), `reading "site/` + hash + `.r0": parsing a revocation list: malformed DER`},
		{"empty", "", `reading "site/` + hash + `.r0": no certificate and no revocation list, in PEM or DER`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p.write(filepath.Join("site", hash+".r0"), test.content)
			var store store
			if err := store.load("site"); err != nil {
				t.Fatal(err)
			}
			want := Verdict{Reason: "the revocation list of CN=root,O=Grid,C=FR is not valid: " + test.want}
			if diff := cmp.Diff(want, p.decide(&store)); diff != "" {
				t.Errorf("the decision differs (-want +got):\n%s", diff)
			}
			if err := store.load("root.crl"); err != nil { // a good list is enough
				t.Fatal(err)
			}
			if got := p.decide(&store); !got.Trusted {
				t.Errorf("with a good list besides: %q, want trust", got.Reason)
			}
		})
	}
}

func TestLoadDirectoryErrors(t *testing.T) {
	p := small(t)
	t.Chdir(p.dir)
	for _, dir := range []string{"nothing", "odd"} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	p.write("nothing/README", p.content("root.pem"))
	p.write("odd/odd.pem", p.content("odd.pem"))
	const nothing = ": no certificate and no revocation list in this directory"
	for _, test := range []struct{ dir, want string }{
		{"nothing", `reading "nothing"` + nothing},
		{"odd", `reading "odd/odd.pem": parsing a certificate: x509: negative serial number` + "\n" + `reading "odd"` + nothing},
	} {
		t.Run(test.dir, func(t *testing.T) {
			err := new(store).load(test.dir)
			if diff := cmp.Diff(test.want, fmt.Sprint(err)); diff != "" {
				t.Errorf("the error differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLoadSystemBundle takes what the system trusts, as a bundle and as a hashed
// directory.
func TestLoadSystemBundle(t *testing.T) {
	const bundle, dir = "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs"
	if _, err := os.Stat(bundle); err != nil {
		peers.Missing(t, "ca-certificates is not installed")
	}
	for _, path := range []string{bundle, dir} {
		var store store
		if err := store.load(path); err != nil {
			t.Fatal(err)
		}
		for _, err := range store.skipped {
			t.Errorf("skipped: %v", err)
		}
		if store.empty() {
			t.Errorf("nothing was loaded from %q", path)
		}
	}
}
