package credential

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

func TestPKCS12(t *testing.T) {
	const secret = "correct horse"
	chain := []string{"-certfile", "above.pem"}
	tests := []struct {
		name       string
		file       string
		passphrase string
		want       string // the names in the identity
		messages   []string
	}{
		{name: "modern", file: export(t, "rsa", secret), passphrase: secret, want: "rsa"},
		{name: "legacy", file: export(t, "rsa", secret, "-legacy"), passphrase: secret, want: "rsa"},
		{
			name: "legacy with triple DES", file: export(t, "rsa", secret, "-legacy", "-descert"), passphrase: secret,
			want: "rsa",
		},
		{
			name: "with its chain", file: export(t, "leaf", secret, chain...), passphrase: secret,
			want: "leaf < ca < root",
		},
		{
			name: "the authority first", file: rewrite(t, "leaf", "ca", "leaf", "root"), passphrase: secret,
			want: "leaf < ca < root",
		},
		{
			name: "a chain with a gap", file: export(t, "leaf", secret, "-certfile", "root.pem"), passphrase: secret,
			want: "leaf",
		},
		{name: "ECDSA on P-256", file: export(t, "p256", secret), passphrase: secret, want: "p256"},
		{name: "ECDSA on P-384", file: export(t, "p384", secret), passphrase: secret, want: "p384"},
		{name: "an empty passphrase", file: export(t, "rsa", ""), want: "rsa"},
		{
			name: "a passphrase in UTF-8", file: export(t, "rsa", "Zoë's пароль"), passphrase: "Zoë's пароль",
			want: "rsa",
		},
		{
			name: "nothing encrypted, with a MAC", file: export(t, "rsa", secret, "-keypbe", "NONE", "-certpbe", "NONE"),
			passphrase: secret, want: "rsa",
		},
		{
			name: "made for this project", file: "../testdata/vectors/rsa-san.p12", passphrase: "vector-pass",
			want: "Ada Image",
		},

		{
			name: "a wrong passphrase", file: export(t, "rsa", secret), passphrase: "Correct Horse",
			messages: []string{
				`it is.p12": the passphrase is wrong: it came from the variable STRATUSLAB_P12_PASSWORD`, "hint: ",
			},
		},
		{
			name: "no passphrase where there is one", file: export(t, "rsa", secret),
			messages: []string{"the passphrase is wrong"},
		},
		{
			name: "PEM by mistake", file: fixture(t, "rsa.pem"), passphrase: secret,
			messages: []string{"it is PEM, not PKCS#12"},
		},
		{
			name: "truncated", file: write(t, read(t, export(t, "rsa", secret))[:1000], 0o600), passphrase: secret,
			messages: []string{"it ends too early", "export the certificate"},
		},
		{
			name: "one byte", file: write(t, []byte{0x30}, 0o600), passphrase: secret,
			messages: []string{"it ends too early"},
		},
		{
			name: "BER within", file: write(t, []byte{0x30, 7, 2, 1, 3, 0x30, 0x80, 0, 0}, 0o600), passphrase: secret,
			messages: []string{"BER", "openssl pkcs12 -in"},
		},
		{
			name: "empty", file: write(t, nil, 0o600), passphrase: secret,
			messages: []string{"it is not a PKCS#12 file"},
		},
		{
			name:       "in base64",
			file:       write(t, []byte(base64.StdEncoding.EncodeToString(read(t, export(t, "p256", secret)))), 0o600),
			passphrase: secret, messages: []string{"it is not a PKCS#12 file"},
		},
		{
			name: "more after its end", file: write(t, append(read(t, export(t, "p256", secret)), "more"...), 0o600),
			passphrase: secret, messages: []string{"it is damaged: 4 bytes follow its end"},
		},
		{
			name: "a certificate", file: write(t, decodePEM(t, "rsa.pem"), 0o600), passphrase: secret,
			messages: []string{"it is damaged"},
		},
		{name: "a directory", file: t.TempDir(), passphrase: secret, messages: []string{"is a directory"}},
		{
			name: "no file", file: filepath.Join(t.TempDir(), "none"), passphrase: secret,
			messages: []string{"none\": no such file"},
		},
		{
			name: "no MAC", file: export(t, "rsa", secret, "-nomac"), passphrase: secret,
			messages: []string{"no MAC protects it", "openssl pkcs12 -in"},
		},
		{
			name: "a MAC of another kind", file: export(t, "rsa", secret, "-macalg", "sha384"), passphrase: secret,
			messages: []string{"MAC digest algorithm not supported", "openssl pkcs12 -in"},
		},
		{
			name: "no key", file: export(t, "rsa", secret, "-nokeys"), passphrase: secret,
			messages: []string{"it holds no private key"},
		},
		{
			name: "two keys", file: "testdata/two-keys.p12", passphrase: "vector-pass",
			messages: []string{"it holds more than one private key"},
		},
		{
			name: "a key of another certificate", file: rewrite(t, "p256", "rsa", "ca"), passphrase: secret,
			messages: []string{"its key belongs to no certificate in "},
		},
		{
			name: "RSA of 1024 bits", file: export(t, "small", secret), passphrase: secret,
			messages: []string{"its key cannot be used: it is RSA of 1024 bits", usableKeys},
		},
		{
			name: "ECDSA on P-521", file: export(t, "p521", secret), passphrase: secret,
			messages: []string{"its key cannot be used: it is ECDSA on P-521", usableKeys},
		},
		{
			name: "ECDSA on secp256k1", file: export(t, "koblitz", secret), passphrase: secret,
			messages: []string{"its key cannot be used", "unsupported elliptic curve", usableKeys},
		},
		{
			name: "Ed25519", file: export(t, "ed", secret), passphrase: secret,
			messages: []string{"its key cannot be used: it is Ed25519", usableKeys},
		},
		{
			name: "DSA", file: export(t, "dsa", secret), passphrase: secret,
			messages: []string{"its key cannot be used", usableKeys},
		},
		{
			name: "a passphrase beyond UCS-2", file: export(t, "rsa", secret), passphrase: "\U0001F40E",
			messages: []string{"beyond U+FFFF"},
		},
		{
			name: "a passphrase that is not UTF-8", file: export(t, "rsa", secret), passphrase: "Zo\xeb",
			messages: []string{"it is not UTF-8"},
		},
	}
	t.Setenv("HOME", t.TempDir())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(passphraseVariable, tt.passphrase)
			identity, o := loadWith(t, time.Now(), "--p12-cert", tt.file)
			code := 4
			if tt.want != "" {
				code = 0
			}
			want(t, identity, o, tt.want, code, tt.messages...)
			if tt.passphrase != "" && strings.Contains(o.Err, tt.passphrase) {
				t.Errorf("the passphrase is in the messages: %s", o.Err)
			}
		})
	}
}

func decodePEM(t *testing.T, name string) []byte {
	t.Helper()
	block, _ := pem.Decode(read(t, fixture(t, name)))
	if block == nil {
		t.Fatalf("%s is no PEM file", name)
	}
	return block.Bytes
}

// rewrite makes a PKCS#12 file of a key and certificates in the given order,
// which openssl would put in its own.
func rewrite(t *testing.T, key string, names ...string) string {
	t.Helper()
	private, err := x509.ParsePKCS8PrivateKey(decodePEM(t, key+".key"))
	if err != nil {
		t.Fatal(err)
	}
	var certificates []*x509.Certificate
	for _, name := range names {
		certificate, err := x509.ParseCertificate(decodePEM(t, name+".pem"))
		if err != nil {
			t.Fatal(err)
		}
		certificates = append(certificates, certificate)
	}
	data, err := pkcs12.Modern.Encode(private, certificates[0], certificates[1:], "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	return write(t, data, 0o600)
}
