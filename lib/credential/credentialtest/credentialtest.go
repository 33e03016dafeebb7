// Package credentialtest makes keys and certificates for tests, and opens those of
// the shared vectors. It is for tests only and must not know what is signed.
package credentialtest

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// Passphrase opens the PKCS#12 files of the vectors.
const Passphrase = "vector-pass"

// Identity is a certificate with its key.
type Identity struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
}

// Vectors returns the directory of the shared documents and keys.
func Vectors(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("looking for go.mod: there is none above this directory")
		}
	}
	return filepath.Join(dir, "lib/testdata/vectors")
}

// Vector returns an identity of the vectors, such as "rsa-san".
func Vector(t testing.TB, name string) Identity {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(Vectors(t), name+".p12"))
	if err != nil {
		t.Fatal(err)
	}
	key, certificate, _, err := pkcs12.DecodeChain(data, Passphrase)
	if err != nil {
		t.Fatal(err)
	}
	return Identity{certificate, key.(crypto.Signer)}
}

// NewKey returns an ECDSA key.
func NewKey(t testing.TB, curve elliptic.Curve) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// SelfSigned returns the certificate that the template describes, signed by its
// own key, which is made if it is nil. What is zero in the template is usual: it
// is valid from a year ago for eleven years.
func SelfSigned(t testing.TB, template x509.Certificate, key crypto.Signer) Identity {
	t.Helper()
	return Issue(t, template, key, nil)
}

// Issue is SelfSigned for a certificate that issuer signs.
func Issue(t testing.TB, template x509.Certificate, key crypto.Signer, issuer *Identity) Identity {
	t.Helper()
	if key == nil {
		key = NewKey(t, elliptic.P256())
	}
	template.SerialNumber = cmp.Or(template.SerialNumber, big.NewInt(time.Now().UnixNano()))
	if template.NotBefore.IsZero() {
		template.NotBefore = time.Now().AddDate(-1, 0, 0)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = template.NotBefore.AddDate(11, 0, 0)
	}
	if issuer == nil {
		issuer = &Identity{&template, key}
	}
	return Identity{Parse(t, &template, issuer.Certificate, key.Public(), issuer.Key), key}
}

// Parse returns the certificate that x509.CreateCertificate makes: it is for
// certificates whose parts do not belong together.
func Parse(t testing.TB, template, parent *x509.Certificate, public, private any) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, private)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// CertificatePEM returns the certificate.
func (i Identity) CertificatePEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.Certificate.Raw})
}

// KeyPEM returns the key in PKCS#8.
func (i Identity) KeyPEM(t testing.TB) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(i.Key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// Write writes data to a file of the given name and returns its path.
func Write(t testing.TB, name string, data ...[]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	var all []byte
	for _, part := range data {
		all = append(all, part...)
	}
	if err := os.WriteFile(path, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
