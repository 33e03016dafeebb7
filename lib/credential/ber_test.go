package credential

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/peers"
)

// Browsers write BER. The command of the hint is typed as it stands, in a shell
// that has a terminal, and the file that it makes must open.
func TestBER(t *testing.T) {
	peers.Need(t, "certutil", "pk12util")
	dir := filepath.Join(t.TempDir(), "it's mine")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "my own.p12")
	openssl(t, "pkcs12", "-export", "-inkey", "rsa.key", "-in", "rsa.pem", "-name", "me",
		"-out", file, "-passout", "pass:correct horse")
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
