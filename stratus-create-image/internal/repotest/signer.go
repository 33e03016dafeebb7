package repotest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
)

// address is that of the key's owner.
const address = "packager@example.org"

// Signer is somebody with a key that repositories are signed with.
type Signer struct{ home string }

// NewSigner makes a key.
func NewSigner(t testing.TB) *Signer {
	t.Helper()
	peers.Need(t, "gpg", "gpgconf")
	s := &Signer{t.TempDir()}
	if err := os.Chmod(s.home, 0o700); err != nil {
		t.Fatal(err)
	}
	s.GPG(t, "--quick-generate-key", "Packager <"+address+">", "rsa2048", "sign", "0")
	t.Cleanup(func() {
		_ = exec.CommandContext(context.WithoutCancel(t.Context()), "gpgconf", "--homedir", s.home, "--kill", "all").Run()
	})
	return s
}

// GPG runs GnuPG with the signer's keys, and gives what it prints.
func (s *Signer) GPG(t testing.TB, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "gpg", append([]string{"--homedir", s.home, "--batch", "--quiet", "--no-tty",
		"--pinentry-mode", "loopback", "--passphrase", ""}, args...)...)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("gpg %q: %v\n%s", args, err, problems.String())
	}
	return out
}

// KeyFile writes the public key to a file, armored, and gives its path.
func (s *Signer) KeyFile(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key.asc")
	write(t, path, string(s.GPG(t, "--armor", "--export")))
	return path
}

func (s *Signer) signRPM(t testing.TB, path string) {
	t.Helper()
	program, err := exec.LookPath("gpg") // rpm looks for gpg2
	if err != nil {
		t.Fatal(err)
	}
	run(t, filepath.Dir(path), "rpmsign", "--define", "__gpg "+program, "--define", "_gpg_name "+address, "--define", "_gpg_path "+s.home, "--addsign", path)
}
