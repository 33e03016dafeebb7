package credential

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// reworked makes another file of a key of the fixtures.
func reworked(t *testing.T, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key.pem")
	openssl(t, append(args, "-out", path)...)
	return path
}

func TestPEM(t *testing.T) {
	const secret = "correct horse"
	rsa, p384, ed := fixture(t, "rsa.pem"), fixture(t, "p384.pem"), fixture(t, "ed.pem")
	topk8 := func(options ...string) string {
		return reworked(t, append([]string{"pkcs8", "-topk8", "-in", "rsa.key", "-passout", "pass:" + secret}, options...)...)
	}
	both := write(t, append(read(t, topk8()), read(t, rsa)...), 0o644)
	tests := []struct {
		name      string
		cert, key string
		want      string
		messages  []string
	}{
		{"PKCS#8", rsa, fixture(t, "rsa.key"), "rsa", nil},
		{"PKCS#1", rsa, fixture(t, "rsa.pkcs1"), "rsa", nil},
		{"SEC 1", p384, fixture(t, "p384.sec1"), "p384", nil},
		{"a chain, the authorities first", fixture(t, "above.pem"), fixture(t, "rsa.key"), "rsa", nil},
		{"encrypted PKCS#8", rsa, topk8(), "rsa", nil},
		{"encrypted with SHA-1 and AES-128", rsa, topk8("-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1"), "rsa", nil},
		{"encrypted with SHA-384 and AES-192", rsa, topk8("-v2", "aes-192-cbc", "-v2prf", "hmacWithSHA384"), "rsa", nil},
		{"encrypted with SHA-512 and triple DES", rsa, topk8("-v2", "des3", "-v2prf", "hmacWithSHA512"), "rsa", nil},
		{"encrypted in the old way", rsa, reworked(t, "rsa", "-in", "rsa.key", "-traditional", "-des3", "-passout", "pass:"+secret), "rsa", nil},
		{"encrypted in the old way, ECDSA", p384, reworked(t, "ec", "-in", "p384.key", "-aes256", "-passout", "pass:"+secret), "p384", nil},
		{"one file", both, both, "rsa", nil},
		{"readable by others", rsa, write(t, read(t, fixture(t, "rsa.key")), 0o640), "rsa", []string{"is not encrypted, and its mode is 0640", "chmod 600 /"}},

		{"a wrong passphrase", rsa, topk8("-passout", "pass:another"), "", []string{"the passphrase is wrong: it came from the variable"}},
		{"a wrong passphrase in the old way", rsa, reworked(t, "rsa", "-in", "rsa.key", "-traditional", "-des3", "-passout", "pass:another"), "",
			[]string{"the passphrase is wrong: it came from the variable"}},
		{"scrypt", rsa, topk8("-scrypt"), "", []string{"the encryption of its key is not supported", "openssl pkcs8 -topk8 -in "}},
		{"PBES1", rsa, topk8("-v1", "PBE-SHA1-3DES"), "", []string{"want PBES2", "openssl pkcs8 -topk8 -in "}},
		{"another key", rsa, fixture(t, "ca.key"), "", []string{"its key belongs to no certificate in "}},
		{"Ed25519", ed, fixture(t, "ed.key"), "", []string{"its key cannot be used: it is Ed25519", usableKeys}},
		{"DSA", rsa, fixture(t, "dsa.key"), "", []string{"its key cannot be used", usableKeys}},
		{"secp256k1", rsa, fixture(t, "koblitz.key"), "", []string{"its key cannot be used", "unknown elliptic curve", usableKeys}},
		{"a certificate with secp256k1", fixture(t, "koblitz.pem"), fixture(t, "koblitz.key"), "", []string{"its certificate 1 cannot be read"}},
		{"no certificate", fixture(t, "rsa.key"), fixture(t, "rsa.key"), "", []string{"it holds no certificate", "name the files"}},
		{"no key", rsa, rsa, "", []string{"it holds no private key", "name the files"}},
		{"two keys", rsa, write(t, append(read(t, fixture(t, "rsa.key")), read(t, fixture(t, "ca.key"))...), 0o600), "", []string{"more than one private key"}},
		{"PKCS#12 by mistake", export(t, "rsa", secret), fixture(t, "rsa.key"), "", []string{"it is not a PEM file"}},
		{"PKCS#12 for the key", rsa, export(t, "rsa", secret), "", []string{"it is not a PEM file"}},
		{"no file", rsa, "/nonexistent/key.pem", "", []string{`reading "/nonexistent/key.pem": no such file or directory`}},
	}
	t.Setenv("HOME", t.TempDir())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(passphraseVariable, secret)
			identity, o := loadWith(t, time.Now(), "--pem-cert", tt.cert, "--pem-key", tt.key)
			code := 4
			if tt.want != "" {
				code = 0
			}
			want(t, identity, o, tt.want, code, tt.messages...)
		})
	}
}

// The command that the hint for unusual encryption gives is a command of
// openssl's that makes a key which opens.
func TestReencrypted(t *testing.T) {
	old, renewed := reworked(t, "pkcs8", "-topk8", "-in", "rsa.key", "-passout", "pass:a", "-scrypt"), filepath.Join(t.TempDir(), "new")
	openssl(t, "pkcs8", "-topk8", "-in", old, "-out", renewed, "-passin", "pass:a", "-passout", "pass:correct horse")
	t.Setenv(passphraseVariable, "correct horse")
	identity, o := loadWith(t, time.Now(), "--pem-cert", fixture(t, "rsa.pem"), "--pem-key", renewed)
	want(t, identity, o, "rsa", 0)
	if _, set := os.LookupEnv(passphraseVariable); set {
		t.Errorf("%s is still set", passphraseVariable)
	}
}
