package signature

import (
	"context"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stratuslab/stratus/lib/credential/credentialtest"
	"github.com/stratuslab/stratus/lib/peers"
)

// xmlsec has xmlsec1 verify a document with the given options.
func xmlsec(ctx context.Context, dir string, src []byte, options ...string) error {
	file := filepath.Join(dir, "document.xml")
	if err := os.WriteFile(file, src, 0o600); err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, "xmlsec1", append(append([]string{"--verify"}, options...), file)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("xmlsec1: %w\n%s", err, out)
	}
	return nil
}

// trusting are the options with which xmlsec1 takes nothing for good but a
// signature over the whole document that leads to the given certificate.
func trusting(t testing.TB, c *x509.Certificate) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "trusted.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{
		"--enabled-key-data", "x509", "--enabled-reference-uris", "empty",
		"--trusted-pem", file, "--verification-gmt-time", vectorTime.Format("2006-01-02 15:04:05"),
	}
}

// TestPeerVerifies: xmlsec1 takes our signatures for good, of every key in
// every profile that it can use.
func TestPeerVerifies(t *testing.T) {
	peers.Need(t, "xmlsec1")
	count := 0
	for keyName, signer := range vectorKeys(t) {
		options := trusting(t, signer.Certificate)
		for _, profile := range []Profile{Modern, StratusLab} {
			if _, isRSA := endorsers[keyName]; !isRSA && profile == StratusLab {
				continue
			}
			signer.Profile = profile
			for _, name := range vectorDocuments {
				if name == "cdata-lang" {
					continue // breaks the schema, and is refused
				}
				signed := sign(t, read(t, "vectors/"+name+".xml"), signer)
				if err := xmlsec(t.Context(), t.TempDir(), signed, options...); err != nil {
					t.Errorf("%s, %s, %s: %v", keyName, profile, name, err)
				}
				changed := replaced(t, signed, "Z</dcterms:created>", "</dcterms:created>")
				if err := xmlsec(t.Context(), t.TempDir(), changed, options...); err == nil {
					t.Errorf("%s, %s, %s: xmlsec1 accepts another time of signing", keyName, profile, name)
				}
				count++
			}
		}
	}
	if count != (3*2+2)*4 {
		t.Errorf("%d documents, want 32", count)
	}
}

// TestPeerVerifiesVectors: xmlsec1 agrees with us on the original software's
// signatures.
func TestPeerVerifiesVectors(t *testing.T) {
	peers.Need(t, "xmlsec1")
	keys := vectorKeys(t)
	for name := range endorsers {
		options := trusting(t, keys[name].Certificate)
		for _, document := range vectorDocuments {
			if err := xmlsec(t.Context(), t.TempDir(), read(t, "vectors/signed-by-stratuslab/"+document+"."+name+".xml"),
				options...); err != nil {
				t.Errorf("%s, %s: %v", document, name, err)
			}
		}
	}
}

// TestPeerVerifiesChain: xmlsec1 finds the way from a signer's certificate to
// the trusted one in the chain that comes along.
func TestPeerVerifiesChain(t *testing.T) {
	peers.Need(t, "xmlsec1")
	keys := vectorKeys(t)
	root := issued(t, "Root", true, keys["rsa-san"].Key, nil)
	middle := issued(t, "Middle", true, keys["rsa-utf8"].Key, root)
	for name, key := range map[string]crypto.Signer{"RSA": keys["rsa-nosan"].Key, "ECDSA": keys["ecdsa"].Key} {
		s := newSigner(issued(t, "Leaf", false, key, middle).Certificate, key)
		s.Chain = []*x509.Certificate{middle.Certificate}
		signed := sign(t, plain(t), s)
		by, err := Verify(signed)
		if err != nil || by.Subject != "CN=Leaf" || by.Issuer != "CN=Middle" {
			t.Fatalf("%s: signed by %+v (%v)", name, by, err)
		}
		if err := xmlsec(t.Context(), t.TempDir(), signed, trusting(t, root.Certificate)...); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := xmlsec(t.Context(), t.TempDir(), signed, trusting(t, keys["ecdsa-p384"].Certificate)...); err == nil {
			t.Errorf("%s: xmlsec1 accepts a certificate that it does not trust", name)
		}
	}
}

// issued makes a certificate for a key; without an issuer it is its own.
func issued(t testing.TB, name string, authority bool, key crypto.Signer,
	issuer *credentialtest.Identity) *credentialtest.Identity {
	t.Helper()
	template := x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: vectorTime.AddDate(-1, 0, 0), NotAfter: vectorTime.AddDate(1, 0, 0),
		BasicConstraintsValid: true, IsCA: authority, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if authority {
		template.KeyUsage |= x509.KeyUsageCertSign
	}
	i := credentialtest.Issue(t, template, key, issuer)
	return &i
}
