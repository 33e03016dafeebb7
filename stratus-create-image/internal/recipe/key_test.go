package recipe

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/stratus-create-image/internal/repotest"
)

// TestOpenPGP compares with what GnuPG reads and writes.
func TestOpenPGP(t *testing.T) {
	signer := repotest.NewSigner(t)
	signer.GPG(t, "--quick-generate-key", "Second <second@example.org>", "ed25519", "sign", "0")
	var want []string
	primary := false
	for line := range strings.Lines(string(signer.GPG(t, "--list-keys", "--with-colons"))) {
		fields := strings.Split(line, ":")
		if fields[0] == "pub" {
			primary = true
		} else if fields[0] == "fpr" && primary {
			want, primary = append(want, fields[9]), false
		}
	}
	plain := signer.GPG(t, "--export")
	for name, data := range map[string][]byte{"binary": plain, "armored": signer.GPG(t, "--armor", "--export")} {
		k, err := parseOpenPGP(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, k.fingerprints); diff != "" || len(want) != 2 {
			t.Errorf("%s: fingerprints (-gpg +ours):\n%s", name, diff)
		}
		if !bytes.Equal(k.data, plain) {
			t.Errorf("%s: other bytes than gpg exports", name)
		}
		again := filepath.Join(t.TempDir(), "again.asc")
		if err := os.WriteFile(again, []byte(k.armored()), 0o600); err != nil {
			t.Fatal(err)
		}
		if out := signer.GPG(t, "--dearmor", "--output", "-", again); !bytes.Equal(out, plain) {
			t.Errorf("%s: gpg reads other bytes from our armor", name)
		}
	}
	for name, bad := range map[string][]byte{
		"private": signer.GPG(t, "--export-secret-keys"), "private armored": signer.GPG(t, "--armor", "--export-secret-keys"),
		"cut": plain[:len(plain)-1], "empty": nil, "text": []byte("<html>not found</html>"), "half": []byte("-----BEGIN PGP " +
			"PUBLIC KEY BLOCK-----" + "\n\nAAAA\n"),
	} {
		if k, err := parseOpenPGP(bad); err == nil {
			t.Errorf("%s is taken for a key: %+v", name, k)
		}
	}
}

// readFrom parses a repository with the key and reads that.
func readFrom(t *testing.T, i Installer, client HTTP, from string) (*key, error) {
	t.Helper()
	r, err := ParseRepo("[key=" + from + "] https://x.org")
	if err != nil {
		return nil, err
	}
	return i.readKey(t.Context(), client, r)
}

func TestReadKey(t *testing.T) {
	peers.Need(t, "openssl")
	dir := t.TempDir()
	const makeKeys = `openssl genrsa 2048 >"$1/p.rsa.pub" && openssl rsa -in "$1/p.rsa.pub" -pubout -out "$1/renamed" &&
cp "$1/renamed" "$1/me@example.org-1.rsa.pub"`
	if out, err := exec.Command("sh", "-c", makeKeys, "sh", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	server := httptest.NewTLSServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	for _, from := range []string{dir + "/me@example.org-1.rsa.pub", server.URL + "/me@example.org-1.rsa.pub"} {
		k, err := readFrom(t, Apk, server.Client(), from)
		if err != nil || k.name != "me@example.org-1.rsa.pub" {
			t.Errorf("%q: %+v, %v", from, k, err)
		}
	}
	for _, bad := range []string{
		dir + "/renamed", dir + "/p.rsa.pub", dir + "/missing.rsa.pub", dir, server.URL + "/missing.rsa.pub",
		strings.Replace(server.URL, "https", "http", 1) + "/me@example.org-1.rsa.pub", "https://me:secret@example.org/k.rsa.pub",
	} {
		if k, err := readFrom(t, Apk, server.Client(), bad); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %+v, %v", bad, k, err)
		}
	}
	if _, err := readFrom(t, Apt, nil, dir+"/renamed"); err == nil {
		t.Error("apt takes a PEM key")
	}
}

func FuzzOpenPGP(f *testing.F) {
	f.Add([]byte("\x99\x00\x02\x04x"))
	f.Add([]byte("\xc6\x02\x04x\xcd\x00"))
	f.Add([]byte("\xc6\xff\xff\xff\xff\xff"))
	f.Add([]byte("\xc6\xc0"))
	f.Add(
		[]byte(
			"-----BEGIN PGP PUBLIC KEY BLOCK-----" + "\nVersion: 1\n\nmQACBHg=\n=aaaa\n" + "-----END PGP PUBLIC KEY BLOCK-----" + "\n",
		),
	)
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := parseOpenPGP(data)
		if err != nil {
			return
		}
		again, err := parseOpenPGP([]byte(k.armored()))
		if err != nil || !cmp.Equal(again.fingerprints, k.fingerprints) || !bytes.Equal(again.data, k.data) {
			t.Errorf("armored and read again: %+v, %v; want %+v", again, err, k)
		}
	})
}
