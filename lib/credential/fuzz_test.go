package credential

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
)

// FuzzPKCS12 looks for panics, and for material that is not whole.
func FuzzPKCS12(f *testing.F) {
	seeds, err := filepath.Glob("../testdata/vectors/*.p12")
	if err != nil || len(seeds) == 0 {
		f.Fatalf("%d seeds, %v", len(seeds), err)
	}
	for _, seed := range seeds {
		data, err := os.ReadFile(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "vector-pass")
		f.Add(data, "")
		f.Add(data[:len(data)/2], "vector-pass")
	}
	f.Fuzz(func(t *testing.T, data []byte, passphrase string) {
		m, err := parsePKCS12(data, passphrase)
		if err != nil {
			return
		}
		if m.key == nil || len(m.certificates) == 0 {
			t.Errorf("got a key %v and %d certificates without an error", m.key != nil, len(m.certificates))
		}
		if identity, err := m.identity(); err == nil && len(identity.Chain) >= len(m.certificates) {
			t.Errorf("%d certificates make a chain of %d", len(m.certificates), len(identity.Chain))
		}
	})
}

// FuzzPEM does the same for keys, which have more kinds of encryption.
func FuzzPEM(f *testing.F) {
	for _, name := range []string{"p256.pem", "p256.key", "rsa.pkcs1", "p384.sec1"} {
		f.Add(read(f, fixture(f, name)), "")
	}
	path := filepath.Join(f.TempDir(), "key")
	for _, args := range [][]string{{"pkcs8", "-topk8", "-in", "p256.key"}, {"ec", "-in", "p256.key", "-aes128"}} {
		openssl(f, append(args, "-out", path, "-passout", "pass:correct horse")...)
		f.Add(read(f, path), "correct horse")
	}
	f.Fuzz(func(t *testing.T, data []byte, passphrase string) {
		certificates, err := parseCertificates(data)
		if err == nil && len(certificates) == 0 {
			t.Error("got no certificate and no error")
		}
		block, err := findKey(data)
		if err != nil {
			return
		}
		if key, err := parseKey(block, passphrase); err == nil && key == nil {
			t.Errorf("got no key and no error for %s", pem.EncodeToMemory(block))
		}
	})
}
