package trust

import (
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/signature"
)

func TestFingerprintIsThatOfOpenssl(t *testing.T) {
	p := newPKI(t)
	p.issue(request{name: "jane", issuer: "jane", extensions: person})
	_, want, _ := strings.Cut(strings.TrimSpace(p.openssl("x509", "-in", "jane.pem", "-noout", "-fingerprint", "-sha256")), "=")
	got := signature.Fingerprint(p.certificate("jane"))
	if got != want {
		t.Errorf("got %q, openssl says %q", got, want)
	}
	digest, err := ParseFingerprint(got)
	if err != nil {
		t.Fatal(err)
	}
	var store store
	store.pin(digest)
	want = "pinned certificate"
	if decision := p.decide(&store); !decision.Trusted || decision.Reason != want {
		t.Errorf("got %+v, want %q", decision, want)
	}
}

func TestParseFingerprint(t *testing.T) {
	digits := strings.Repeat("0123456789abcdef", 4)
	pairs := strings.TrimSuffix(strings.Repeat("01:23:45:67:89:AB:cd:EF:", 4), ":")
	const want = ": not a valid fingerprint; want the 64 hexadecimal digits of SHA-256, or 32 pairs joined by colons"
	for _, test := range []struct{ name, text, want string }{
		{"lower case", digits, ""},
		{"upper case", strings.ToUpper(digits), ""},
		{"colons", pairs, ""},
		{"empty", "", `""` + want},
		{"SHA-1", digits[:40], `"` + digits[:40] + `"` + want},
		{"no digit", "g" + digits[1:], `"g` + digits[1:] + `"` + want},
		{"other separators", strings.ReplaceAll(pairs, ":", "-"), `"` + strings.ReplaceAll(pairs, ":", "-") + `"` + want},
		{"colon at the end", digits + ":", `"` + digits + `:"` + want},
		{"long", strings.Repeat("0", 1000), `"` + strings.Repeat("0", 200) + `"` + want},
	} {
		t.Run(test.name, func(t *testing.T) {
			digest, err := ParseFingerprint(test.text)
			got := ""
			if err != nil {
				got = err.Error()
			} else if hex.EncodeToString(digest[:]) != digits {
				t.Errorf("got %x, want %s", digest, digits)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("the error differs (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzParseFingerprint checks that what is read can be written in its form.
func FuzzParseFingerprint(f *testing.F) {
	f.Add(strings.Repeat("0123456789abcdef", 4))
	f.Add(strings.TrimSuffix(strings.Repeat("01:23:45:67:89:AB:cd:EF:", 4), ":"))
	f.Add(strings.Repeat("01:", 31) + "0:")
	f.Fuzz(func(t *testing.T, text string) {
		digest, err := ParseFingerprint(text)
		if err != nil {
			return
		}
		plain := fmt.Sprintf("%x", digest)
		colons := strings.TrimSpace(strings.ReplaceAll(fmt.Sprintf("% x", digest), " ", ":"))
		if got := strings.ToLower(text); got != plain && got != colons {
			t.Errorf("read %q as %s", text, plain)
		}
	})
}

// FuzzLoad loads what may be a certificate or a list, in PEM or DER, beside an
// authority and its list. Whatever it is, it cannot make trusted who is revoked
// or unknown.
func FuzzLoad(f *testing.F) {
	p := small(f)
	p.issue(request{name: "other", issuer: "other", extensions: authority})
	p.issue(request{name: "joe", issuer: "other", extensions: person})
	revoked := map[string]string{"jane": "keyCompromise"}
	p.list(revocations{file: "v1.crl", issuer: "root", version1: true, revoked: revoked})
	p.openssl("crl", "-in", "v1.crl", "-outform", "DER", "-out", "v1der.crl")
	for _, file := range []string{
		"root.pem", "root.crl", "root.cer", "der.crl", "v1der.crl", "brokenlist.pem", "odd.pem", "cut.crl", "garbage",
	} {
		f.Add([]byte(p.content(file)), strings.HasSuffix(file, ".crl"))
	}
	p.list(revocations{file: "jane.crl", issuer: "root", from: "20180228", revoked: revoked})
	jane, joe := p.certificate("jane"), p.certificate("joe")
	at := day("2018-03-01")
	f.Fuzz(func(t *testing.T, data []byte, list bool) {
		name := filepath.Join(t.TempDir(), "fuzz.pem")
		if list {
			name = strings.TrimSuffix(name, "pem") + "crl"
		}
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		var store store
		if err := store.load(name); err != nil && (!store.empty() || len(store.skipped) > 0) {
			t.Errorf("an error, %v, but something was loaded", err)
		}
		for _, name := range []string{"root.pem", "jane.crl"} {
			if err := store.load(p.path(name)); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []*x509.Certificate{jane, joe} {
			decision := store.decide(&signature.Endorsed{Certificate: c, Email: "jane@example.org", Created: at}, at, false)
			if decision.Trusted || decision.Reason == "" {
				t.Errorf("%v: got %+v, want no trust and a reason", c.Subject, decision)
			}
		}
	})
}
