package credential

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/stratuslab/stratus/lib/peers"
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
		{"modern", export(t, "rsa", secret), secret, "rsa", nil},
		{"legacy", export(t, "rsa", secret, "-legacy"), secret, "rsa", nil},
		{"legacy with triple DES", export(t, "rsa", secret, "-legacy", "-descert"), secret, "rsa", nil},
		{"with its chain", export(t, "leaf", secret, chain...), secret, "leaf < ca < root", nil},
		{"the authority first", rewrite(t, "leaf", "ca", "leaf", "root"), secret, "leaf < ca < root", nil},
		{"a chain with a gap", export(t, "leaf", secret, "-certfile", "root.pem"), secret, "leaf", nil},
		{"ECDSA on P-256", export(t, "p256", secret), secret, "p256", nil},
		{"ECDSA on P-384", export(t, "p384", secret), secret, "p384", nil},
		{"an empty passphrase", export(t, "rsa", ""), "", "rsa", nil},
		{"a passphrase in UTF-8", export(t, "rsa", "Zoë's пароль"), "Zoë's пароль", "rsa", nil},
		{"nothing encrypted, with a MAC", export(t, "rsa", secret, "-keypbe", "NONE", "-certpbe", "NONE"), secret, "rsa", nil},
		{"made for this project", "../testdata/vectors/rsa-san.p12", "vector-pass", "Ada Image", nil},

		{"a wrong passphrase", export(t, "rsa", secret), "Correct Horse", "", []string{
			`it is.p12": the passphrase is wrong: it came from the variable STRATUSLAB_P12_PASSWORD`, "hint: "}},
		{"no passphrase where there is one", export(t, "rsa", secret), "", "", []string{"the passphrase is wrong"}},
		{"PEM by mistake", fixture(t, "rsa.pem"), secret, "", []string{"it is PEM, not PKCS#12"}},
		{"truncated", write(t, read(t, export(t, "rsa", secret))[:1000], 0o600), secret, "", []string{"it ends too early", "export the certificate"}},
		{"one byte", write(t, []byte{0x30}, 0o600), secret, "", []string{"it ends too early"}},
		{"BER within", write(t, []byte{0x30, 7, 2, 1, 3, 0x30, 0x80, 0, 0}, 0o600), secret, "", []string{"BER", "openssl pkcs12 -in"}},
		{"empty", write(t, nil, 0o600), secret, "", []string{"it is not a PKCS#12 file"}},
		{"in base64", write(t, []byte(base64.StdEncoding.EncodeToString(read(t, export(t, "p256", secret)))), 0o600), secret, "",
			[]string{"it is not a PKCS#12 file"}},
		{"more after its end", write(t, append(read(t, export(t, "p256", secret)), "more"...), 0o600), secret, "",
			[]string{"it is damaged: 4 bytes follow its end"}},
		{"a certificate", write(t, decodePEM(t, "rsa.pem"), 0o600), secret, "", []string{"it is damaged"}},
		{"too large", write(t, make([]byte, maxFile+1), 0o600), secret, "", []string{"too large: at most 1048576 bytes"}},
		{"a directory", t.TempDir(), secret, "", []string{"is a directory"}},
		{"no file", filepath.Join(t.TempDir(), "none"), secret, "", []string{"none\": no such file"}},
		{"no MAC", export(t, "rsa", secret, "-nomac"), secret, "", []string{"no MAC protects it", "openssl pkcs12 -in"}},
		{"a MAC of another kind", export(t, "rsa", secret, "-macalg", "sha384"), secret, "", []string{"MAC digest algorithm not supported", "openssl pkcs12 -in"}},
		{"no key", export(t, "rsa", secret, "-nokeys"), secret, "", []string{"it holds no private key"}},
		{"two keys", "testdata/two-keys.p12", "vector-pass", "", []string{"it holds more than one private key"}},
		{"a key of another certificate", rewrite(t, "p256", "rsa", "ca"), secret, "", []string{"its key belongs to no certificate in "}},
		{"RSA of 1024 bits", export(t, "small", secret), secret, "", []string{"its key cannot be used: it is RSA of 1024 bits", usableKeys}},
		{"ECDSA on P-521", export(t, "p521", secret), secret, "", []string{"its key cannot be used: it is ECDSA on P-521", usableKeys}},
		{"ECDSA on secp256k1", export(t, "koblitz", secret), secret, "", []string{"its key cannot be used", "unsupported elliptic curve", usableKeys}},
		{"Ed25519", export(t, "ed", secret), secret, "", []string{"its key cannot be used: it is Ed25519", usableKeys}},
		{"DSA", export(t, "dsa", secret), secret, "", []string{"its key cannot be used", usableKeys}},
		{"a passphrase beyond UCS-2", export(t, "rsa", secret), "\U0001F40E", "", []string{"beyond U+FFFF"}},
		{"a passphrase that is not UTF-8", export(t, "rsa", secret), "Zo\xeb", "", []string{"it is not UTF-8"}},
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

// Browsers write BER. The command of the hint is typed as it stands, in a shell
// that has a terminal, and the file that it makes must open.
func TestBER(t *testing.T) {
	peers.Need(t, "certutil", "pk12util")
	dir := filepath.Join(t.TempDir(), "it's mine")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "my own.p12")
	openssl(t, "pkcs12", "-export", "-inkey", "rsa.key", "-in", "rsa.pem", "-name", "me", "-out", file, "-passout", "pass:correct horse")
	for _, args := range [][]string{
		{"certutil", "-N", "-d", "sql:" + dir, "--empty-password"},
		{"pk12util", "-i", file, "-d", "sql:" + dir, "-W", "correct horse"},
		{"pk12util", "-o", file, "-n", "me", "-d", "sql:" + dir, "-W", "browser"},
	} {
		if out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v: %s", args, err, out)
		}
	}
	t.Setenv("HOME", dir)
	t.Setenv(passphraseVariable, "browser")
	identity, o := loadWith(t, time.Now(), "--p12-cert", file)
	want(t, identity, o, "", 4, "BER", "openssl pkcs12 -in ")

	_, script, _ := strings.Cut(strings.TrimSuffix(o.Err, "\n"), "unsupported): ")
	child := startShell(t, script)
	for _, answer := range []struct{ prompt, line string }{
		{"Enter Import Password:", "browser"},
		{"Enter PEM pass phrase:", "between"},
		{"Verifying - Enter PEM pass phrase:", "between"},
		{"pass phrase", "between"}, // of the second command
		{"Enter Export Password:", "new one"},
		{"Verifying - Enter Export Password:", "new one"},
	} {
		child.expect(answer.prompt)
		child.send(answer.line + "\n")
	}
	if code := child.wait(); code != 0 {
		t.Fatalf("%s ends with %d: %s", script, code, child.shown)
	}
	t.Setenv(passphraseVariable, "new one")
	identity, o = loadWith(t, time.Now(), "--p12-cert", filepath.Join(dir, "my own-new.p12"))
	want(t, identity, o, "rsa", 0)
	if left, _ := filepath.Glob(filepath.Join(dir, "*.pem")); len(left) > 0 {
		t.Errorf("%q is left behind", left)
	}
}
