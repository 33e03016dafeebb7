package main

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/command/commandtest"
	"github.com/stratuslab/stratus/lib/credential/credentialtest"
)

const passphrase = credentialtest.Passphrase

// secrets are the forms in which the passphrase and the key could show up.
func secrets(t *testing.T) map[string][]byte {
	t.Helper()
	private := credentialtest.Vector(t, "rsa-san").Key.(*rsa.PrivateKey)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]byte{"passphrase": []byte(passphrase), "PKCS#8": der[len(der)/2:]}
	for name, number := range map[string][]byte{
		"d": private.D.Bytes(), "p": private.Primes[0].Bytes(), "q": private.Primes[1].Bytes(),
	} {
		found[name] = number
		found[name+" in hex"] = []byte(hex.EncodeToString(number))
	}
	// Base64 of the key looks the same from the same third byte on.
	exponent := bytes.Index(der, private.D.Bytes())
	for shift := range 3 {
		text := base64.StdEncoding.EncodeToString(der[exponent+shift:])
		found[fmt.Sprint("base64 ", shift)] = []byte(text[:60])
	}
	return found
}

func check(t *testing.T, where string, data []byte, secrets map[string][]byte) {
	t.Helper()
	for name, secret := range secrets {
		if bytes.Contains(data, secret) {
			t.Errorf("%s: the %s is in it", where, name)
		}
	}
}

// TestSecrets signs while somebody looks: at the process as it waits for its
// passphrase, at what it prints, and at every file that it leaves. There is no
// place for temporary files at all.
func TestSecrets(t *testing.T) {
	vectors, err := filepath.Abs(commandtest.Vectors)
	if err != nil {
		t.Fatal(err)
	}
	identity := filepath.Join(vectors, "rsa-san.p12")
	secrets := secrets(t)
	dir := t.TempDir()
	asked, answer := filepath.Join(dir, "asked"), filepath.Join(dir, "answer")
	for _, fifo := range []string{asked, answer} {
		if err := unix.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// The command tells which process asked, and waits.
	command := fmt.Sprintf("echo $PPID >%s; cat %s", asked, answer)
	env := []string{"HOME=" + dir, "TMPDIR=" + dir + "/nothing", "SOURCE_DATE_EPOCH=1800000000"}
	cmd := commandtest.Process(t, env, "--verbose", "--p12-cert", identity, "--passphrase-command", command,
		"-o", filepath.Join(dir, "out.xml"), filepath.Join(vectors, "plain.xml"))
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid, err := os.ReadFile(asked)
	if err != nil {
		t.Fatal(err)
	}
	process := "/proc/" + strings.TrimSpace(string(pid))
	for _, file := range []string{"cmdline", "environ"} {
		data, err := os.ReadFile(process + "/" + file)
		if err != nil && !errors.Is(err, fs.ErrPermission) { // which only root has
			t.Error(err)
		}
		check(t, file, data, secrets)
	}
	limits, err := os.ReadFile(process + "/limits")
	if err != nil || !bytes.Contains(bytes.Join(bytes.Fields(limits), []byte(" ")), []byte("Max core file size 0 0 ")) {
		t.Errorf("limits of the process: %v\n%s", err, limits)
	}
	if err := os.WriteFile(answer, []byte(passphrase+"\n"), 0); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, output.String())
	}
	check(t, "output", output.Bytes(), secrets)
	checkFiles(t, dir, secrets)
}

// checkFiles looks into every file below a directory, of which there must be
// at least one.
func checkFiles(t *testing.T, dir string, secrets map[string][]byte) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		check(t, path, data, secrets)
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d files looked at, %v", files, err)
	}
}

// TestSecretsInErrors: what goes wrong does not say the passphrase either.
func TestSecretsInErrors(t *testing.T) {
	vectors, err := filepath.Abs(commandtest.Vectors)
	if err != nil {
		t.Fatal(err)
	}
	const wrong = "not-the-passphrase"
	tests := map[string]struct {
		env  []string
		args []string
	}{
		"environment":   {[]string{"STRATUSLAB_P12_PASSWORD=" + wrong}, nil},
		"command line":  {nil, []string{"--p12-password", wrong}},
		"command":       {[]string{"P=" + wrong}, []string{"--passphrase-command", `echo "$P"; exit 3`}},
		"not encodable": {[]string{"STRATUSLAB_P12_PASSWORD=" + wrong + "\U0001F600"}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"--verbose", "--p12-cert", filepath.Join(vectors, "rsa-san.p12")}, test.args...)
			env := append([]string{"SOURCE_DATE_EPOCH=1800000000"}, test.env...)
			cmd := commandtest.Process(t, env, append(args, filepath.Join(vectors, "plain.xml"))...)
			output, err := cmd.CombinedOutput()
			if cmd.ProcessState.ExitCode() != 4 || bytes.Contains(output, []byte(wrong)) {
				t.Errorf("%v: %s", err, output)
			}
		})
	}
}
