package signature

import (
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/credential/credentialtest"
	"github.com/stratuslab/stratus/lib/metadata"
)

// vectorTime is when the vectors' certificates are valid, and the time of our
// own signatures.
var vectorTime = time.Date(2026, 11, 23, 1, 2, 3, 0, time.UTC)

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../testdata", path))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// vectorKeys are the certificates of the vectors, and one with an ECDSA key.
func vectorKeys(t testing.TB) map[string]Signer {
	t.Helper()
	keys := map[string]Signer{"ecdsa": ecdsaSigner(t, elliptic.P256()), "ecdsa-p384": ecdsaSigner(t, elliptic.P384())}
	for _, name := range []string{"rsa-san", "rsa-nosan", "rsa-utf8"} {
		i := credentialtest.Vector(t, name)
		keys[name] = newSigner(i.Certificate, i.Key)
	}
	return keys
}

func newSigner(c *x509.Certificate, key crypto.Signer) Signer {
	return Signer{
		Certificate: c, Key: key, Email: "given@example.org",
		Created: vectorTime, Profile: Modern, Level: metadata.Complete,
	}
}

func ecdsaSigner(t testing.TB, curve elliptic.Curve) Signer {
	t.Helper()
	i := credentialtest.SelfSigned(t, x509.Certificate{
		Subject:   pkix.Name{CommonName: "Eve, the \"curve\" <&>", Country: []string{"FR"}},
		NotBefore: vectorTime.AddDate(-1, 0, 0), NotAfter: vectorTime.AddDate(1, 0,
			0), EmailAddresses: []string{"eve@example.org"},
	}, credentialtest.NewKey(t, curve))
	return newSigner(i.Certificate, i.Key)
}

var vectorDocuments = []string{"plain", "comment", "cdata-lang", "crlf-empty", "extension"}

// endorsers are who signed the vectors.
var endorsers = map[string]string{"rsa-san": "ada@example.org", "rsa-nosan": "given@example.org",
	"rsa-utf8": "jose.muller@example.org"}

// TestVerifyVectors: every document that the original software signed has a
// good signature of whom it names; those that break the schema are refused as
// documents.
func TestVerifyVectors(t *testing.T) {
	files, err := filepath.Glob("../testdata/vectors/signed-by-stratuslab/*.xml")
	if err != nil || len(files) != 15 {
		t.Fatalf("%d vectors, want 15 (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			signer := strings.Split(filepath.Base(file), ".")[1]
			by, err := Verify(src)
			if strings.Contains(file, "cdata-lang") {
				var refused *Error
				if !errors.As(err, &refused) || refused.Stage != StageDocument || refused.By == nil ||
					!strings.Contains(err.Error(), `rdf:parseType "Literal"; want "Resource"`) &&
						!strings.Contains(err.Error(), "attribute rdf:parseType") {
					t.Fatalf("got %v, want the document refused for its rdf:parseType", err)
				}
				by = refused.By
			} else if err != nil {
				t.Fatal(err)
			}
			block, _ := pem.Decode(read(t, "vectors/"+signer+".pem"))
			if string(by.Certificate.Raw) != string(block.Bytes) || by.Email == "" ||
				by.EmailCertified != (signer != "rsa-nosan") || by.Method != "rsa-sha1" || by.Digest != "sha1" {
				t.Errorf("signed by %+v", by)
			}
		})
	}
}
