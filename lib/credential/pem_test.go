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
		{name: "PKCS#8", cert: rsa, key: fixture(t, "rsa.key"), want: "rsa"},
		{name: "PKCS#1", cert: rsa, key: fixture(t, "rsa.pkcs1"), want: "rsa"},
		{name: "SEC 1", cert: p384, key: fixture(t, "p384.sec1"), want: "p384"},
		{
			name: "a chain, the authorities first", cert: fixture(t, "above.pem"), key: fixture(t, "rsa.key"),
			want: "rsa",
		},
		{name: "encrypted PKCS#8", cert: rsa, key: topk8(), want: "rsa"},
		{
			name: "encrypted with SHA-1 and AES-128", cert: rsa,
			key: topk8("-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1"), want: "rsa",
		},
		{
			name: "encrypted with SHA-384 and AES-192", cert: rsa,
			key: topk8("-v2", "aes-192-cbc", "-v2prf", "hmacWithSHA384"), want: "rsa",
		},
		{
			name: "encrypted with SHA-512 and triple DES", cert: rsa,
			key: topk8("-v2", "des3", "-v2prf", "hmacWithSHA512"), want: "rsa",
		},
		{
			name: "encrypted in the old way", cert: rsa,
			key: reworked(t, "rsa", "-in", "rsa.key", "-traditional", "-des3", "-passout", "pass:"+secret), want: "rsa",
		},
		{
			name: "encrypted in the old way, ECDSA", cert: p384,
			key: reworked(t, "ec", "-in", "p384.key", "-aes256", "-passout", "pass:"+secret), want: "p384",
		},
		{name: "one file", cert: both, key: both, want: "rsa"},
		{
			name: "readable by others", cert: rsa, key: write(t, read(t, fixture(t, "rsa.key")), 0o640), want: "rsa",
			messages: []string{"is not encrypted, and its mode is 0640", "chmod 600 /"},
		},

		{
			name: "a wrong passphrase", cert: rsa, key: topk8("-passout", "pass:another"),
			messages: []string{"the passphrase is wrong: it came from the variable"},
		},
		{
			name: "a wrong passphrase in the old way", cert: rsa,
			key:      reworked(t, "rsa", "-in", "rsa.key", "-traditional", "-des3", "-passout", "pass:another"),
			messages: []string{"the passphrase is wrong: it came from the variable"},
		},
		{
			name: "scrypt", cert: rsa, key: topk8("-scrypt"),
			messages: []string{"the encryption of its key is not supported", "openssl pkcs8 -topk8 -in "},
		},
		{
			name: "PBES1", cert: rsa, key: topk8("-v1", "PBE-SHA1-3DES"),
			messages: []string{"want PBES2", "openssl pkcs8 -topk8 -in "},
		},
		{
			name: "another key", cert: rsa, key: fixture(t, "ca.key"),
			messages: []string{"its key belongs to no certificate in "},
		},
		{
			name: "Ed25519", cert: ed, key: fixture(t, "ed.key"),
			messages: []string{"its key cannot be used: it is Ed25519", usableKeys},
		},
		{
			name: "DSA", cert: rsa, key: fixture(t, "dsa.key"), messages: []string{"its key cannot be used", usableKeys},
		},
		{
			name: "secp256k1", cert: rsa, key: fixture(t, "koblitz.key"),
			messages: []string{"its key cannot be used", "unknown elliptic curve", usableKeys},
		},
		{
			name: "a certificate with secp256k1", cert: fixture(t, "koblitz.pem"), key: fixture(t, "koblitz.key"),
			messages: []string{"its certificate 1 cannot be read"},
		},
		{
			name: "no certificate", cert: fixture(t, "rsa.key"), key: fixture(t, "rsa.key"),
			messages: []string{"it holds no certificate", "name the files"},
		},
		{name: "no key", cert: rsa, key: rsa, messages: []string{"it holds no private key", "name the files"}},
		{
			name: "two keys", cert: rsa,
			key:      write(t, append(read(t, fixture(t, "rsa.key")), read(t, fixture(t, "ca.key"))...), 0o600),
			messages: []string{"more than one private key"},
		},
		{
			name: "PKCS#12 by mistake", cert: export(t, "rsa", secret), key: fixture(t, "rsa.key"),
			messages: []string{"it is not a PEM file"},
		},
		{
			name: "PKCS#12 for the key", cert: rsa, key: export(t, "rsa", secret),
			messages: []string{"it is not a PEM file"},
		},
		{
			name: "no file", cert: rsa, key: "/nonexistent/key.pem",
			messages: []string{`reading "/nonexistent/key.pem": no such file or directory`},
		},
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
	old := reworked(t, "pkcs8", "-topk8", "-in", "rsa.key", "-passout", "pass:a", "-scrypt")
	renewed := filepath.Join(t.TempDir(), "new")
	openssl(t, "pkcs8", "-topk8", "-in", old, "-out", renewed, "-passin", "pass:a", "-passout", "pass:correct horse")
	t.Setenv(passphraseVariable, "correct horse")
	identity, o := loadWith(t, time.Now(), "--pem-cert", fixture(t, "rsa.pem"), "--pem-key", renewed)
	want(t, identity, o, "rsa", 0)
	if _, set := os.LookupEnv(passphraseVariable); set {
		t.Errorf("%s is still set", passphraseVariable)
	}
}
