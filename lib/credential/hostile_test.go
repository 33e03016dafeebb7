package credential

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"testing"
)

// encryptedKey describes an encrypted PKCS#8 key, with nothing sensible in it.
type encryptedKey struct {
	kdf, scheme asn1.ObjectIdentifier
	params, iv  any
	data        []byte
}

func (k encryptedKey) marshal(t *testing.T) []byte {
	t.Helper()
	marshal := func(value any) []byte {
		der, err := asn1.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	algorithm := func(id asn1.ObjectIdentifier, params any) pkix.AlgorithmIdentifier {
		return pkix.AlgorithmIdentifier{Algorithm: id, Parameters: asn1.RawValue{FullBytes: marshal(params)}}
	}
	params := pbes2Params{algorithm(k.kdf, k.params), algorithm(k.scheme, k.iv)}
	pbes2 := algorithm(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}, params)
	return marshal(encryptedPrivateKeyInfo{Algorithm: pbes2, Data: k.data})
}

// A key that somebody made up ends in an error, at once, whatever the block
// modes of the standard library think of it.
func TestHostileKey(t *testing.T) {
	pbkdf2, scrypt := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}, asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 4, 11}
	aes256, sha256 := asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}
	block := make([]byte, 16)
	rounds := func(n int, prf asn1.ObjectIdentifier) pbkdf2Params {
		return pbkdf2Params{Salt: block, Rounds: n, PRF: pkix.AlgorithmIdentifier{Algorithm: prf}}
	}
	tests := []struct {
		name string
		key  encryptedKey
		want error
	}{
		{"nothing but the passphrase is wrong", encryptedKey{pbkdf2, aes256, rounds(1, sha256), block, block}, errPassphrase},
		{"no data", encryptedKey{pbkdf2, aes256, rounds(1, sha256), block, nil}, errEncryption},
		{"half a block", encryptedKey{pbkdf2, aes256, rounds(1, sha256), block, block[:8]}, errEncryption},
		{"a short initial vector", encryptedKey{pbkdf2, aes256, rounds(1, sha256), block[:8], block}, errEncryption},
		{"no initial vector", encryptedKey{pbkdf2, aes256, rounds(1, sha256), 1, block}, errEncryption},
		{"another key derivation", encryptedKey{scrypt, aes256, rounds(1, sha256), block, block}, errEncryption},
		{"an unknown hash", encryptedKey{pbkdf2, aes256, rounds(1, aes256), block, block}, errEncryption},
		{"an unknown cipher", encryptedKey{pbkdf2, sha256, rounds(1, sha256), block, block}, errEncryption},
		{"no rounds", encryptedKey{pbkdf2, aes256, rounds(0, sha256), block, block}, errEncryption},
		{"minus one round", encryptedKey{pbkdf2, aes256, rounds(-1, sha256), block, block}, errEncryption},
		{"no parameters", encryptedKey{pbkdf2, aes256, 1, block, block}, errEncryption},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := decryptPKCS8(tt.key.marshal(t), "passphrase")
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// Two authorities that certify each other make no endless chain.
func TestCircle(t *testing.T) {
	name := func(subject, issuer string) *x509.Certificate {
		return &x509.Certificate{RawSubject: []byte(subject), RawIssuer: []byte(issuer)}
	}
	leaf, a, b := name("leaf", "a"), name("a", "b"), name("b", "a")
	if got := chain(leaf, []*x509.Certificate{b, leaf, a}); len(got) != 2 || got[0] != a || got[1] != b {
		t.Errorf("got %v, want a and b", got)
	}
	if got := chain(a, []*x509.Certificate{a, b}); len(got) != 1 || got[0] != b {
		t.Errorf("got %v, want b", got)
	}
}
