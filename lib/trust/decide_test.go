package trust

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"math/big"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/credential/credentialtest"
	"github.com/stratuslab/stratus/lib/signature"
)

func TestDecide(t *testing.T) {
	p := world(t)
	for _, test := range slices.Concat(decisions, revocationDecisions) {
		t.Run(test.name, func(t *testing.T) {
			p := pki{t: t, dir: p.dir}
			at, now := day(or(test.at, "2018-03-01")), day(or(test.at, "2018-03-01")).AddDate(0, 0, 1)
			if test.now != "" {
				now = day(test.now)
			}
			var store store
			for _, name := range test.load {
				if err := store.load(p.path(name)); err != nil {
					t.Fatal(err)
				}
			}
			for _, name := range test.pin {
				store.pin(sha256.Sum256(p.certificate(name).Raw))
			}
			claim := &signature.Endorsed{Certificate: p.certificate(test.leaf), Email: or(test.email, "jane@example.org"), Created: at}
			for _, name := range test.chain {
				claim.Chain = append(claim.Chain, p.certificate(name))
			}
			reason, trusted := strings.CutPrefix(test.want, "+")
			want := Verdict{Trusted: trusted, Reason: strings.Replace(reason, "DIR", p.dir, 1)}
			if diff := cmp.Diff(want, store.decide(claim, now, false)); diff != "" {
				t.Errorf("the decision differs (-want +got):\n%s", diff)
			}
			if test.alone == "" && len(test.load) > 0 {
				p.compare(test, claim, trusted)
			}
			asIf := store.decide(claim, now, true)
			store.pin(sha256.Sum256(claim.Certificate.Raw))
			if diff := cmp.Diff(store.decide(claim, now, false), asIf); diff != "" {
				t.Errorf("the decision for a pinned certificate, and as if it were pinned (-want +got):\n%s", diff)
			}
		})
	}
}

// compare asks openssl verify for its opinion.
func (p pki) compare(test decisionCase, claim *signature.Endorsed, want bool) {
	p.t.Helper()
	args := []string{
		"verify", "-no-CAfile", "-no-CApath", "-no-CAstore",
		"-attime", fmt.Sprint(claim.Created.Unix()), "-verify_email", claim.Email,
	}
	trusted := ""
	for _, name := range test.load {
		switch {
		case strings.HasSuffix(name, ".pem"):
			trusted += p.content(name)
		case strings.HasSuffix(name, ".crl"):
			args = append(args, "-crl_check_all", "-CRLfile", name)
		default:
			args = append(args, "-CApath", name)
		}
		if name == "sites" {
			args = append(args, "-crl_check")
		}
	}
	if trusted != "" {
		p.write("trusted", trusted)
		args = append(args, "-trusted", "trusted")
	}
	for _, name := range test.chain {
		args = append(args, "-untrusted", name+".pem")
	}
	command := exec.Command("openssl", append(args, test.leaf+".pem")...)
	command.Dir = p.dir
	out, err := command.CombinedOutput()
	if got := err == nil; got != want {
		p.t.Errorf("openssl %q: trusted is %v, here it is %v\n%s", command.Args, got, want, out)
	}
}

func TestDecideUnusableClaims(t *testing.T) {
	p := newPKI(t)
	p.issue(request{name: "root", issuer: "root", extensions: authority})
	p.issue(request{name: "jane", issuer: "root", extensions: person})
	var store store
	if err := store.load(p.path("root.pem")); err != nil {
		t.Fatal(err)
	}
	jane, email, now := p.certificate("jane"), "jane@example.org", day("2018-03-01")
	for _, test := range []struct {
		name  string
		claim *signature.Endorsed
		want  Verdict
	}{
		{
			name: "no date", claim: &signature.Endorsed{Certificate: jane, Email: email},
			want: Verdict{Reason: "its certificate was valid only from 2010-01-01, after the endorsement of 0001-01-01"},
		},
		{
			name: "within the skew", claim: &signature.Endorsed{Certificate: jane, Email: email, Created: now.Add(5 * time.Minute)},
			want: Verdict{Trusted: true, Reason: "issued by CN=root,O=Grid,C=FR"},
		},
		{
			name:  "beyond the skew",
			claim: &signature.Endorsed{Certificate: jane, Email: email, Created: now.Add(5*time.Minute + time.Second)},
			want:  Verdict{Reason: "the endorsement is dated in the future: 2018-03-01T12:05:01Z"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, store.decide(test.claim, now, false)); diff != "" {
				t.Errorf("the decision differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDecideBoundsWhatWasSent has a chain from a stranger, with a key that takes
// long to use, and with more certificates than a chain needs.
func TestDecideBoundsWhatWasSent(t *testing.T) {
	p := newPKI(t)
	p.issue(request{name: "root", issuer: "root", extensions: authority})
	p.issue(request{name: "inter", issuer: "root", extensions: authority})
	p.issue(request{name: "jane", issuer: "inter", extensions: person})
	var store store
	if err := store.load(p.path("root.pem")); err != nil {
		t.Fatal(err)
	}
	inter := p.certificate("inter")
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	slow := &rsa.PublicKey{N: new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 8192), big.NewInt(1)), E: 1<<31 - 1}
	large := credentialtest.Parse(t, &x509.Certificate{
		SerialNumber: big.NewInt(1), RawSubject: inter.RawSubject, NotAfter: day("2030-01-01"), IsCA: true, BasicConstraintsValid: true,
	}, &x509.Certificate{RawSubject: inter.RawIssuer}, slow, key)
	unknown := "its certificate is not pinned, and its issuer CN=inter,O=Grid,C=FR is not trusted"
	roots := slices.Repeat([]*x509.Certificate{p.certificate("root")}, 16)
	for _, test := range []struct {
		name  string
		chain []*x509.Certificate
		want  Verdict
	}{
		{"a large key", []*x509.Certificate{large}, Verdict{Reason: unknown}},
		{"too many", append(roots[:16:16], inter), Verdict{Reason: unknown}},
		{"many", append(roots[:15:15], inter), Verdict{Trusted: true, Reason: "issued by CN=inter,O=Grid,C=FR"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			at := day("2018-03-01")
			claim := &signature.Endorsed{Certificate: p.certificate("jane"), Chain: test.chain, Email: "jane@example.org", Created: at}
			if diff := cmp.Diff(test.want, store.decide(claim, at, false)); diff != "" {
				t.Errorf("the decision differs (-want +got):\n%s", diff)
			}
		})
	}
}
