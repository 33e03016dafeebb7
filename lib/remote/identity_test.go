package remote_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/remote/sshdtest"
)

// lock puts a passphrase on a copy of the key.
func lock(t *testing.T, key, path string) {
	t.Helper()
	content, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(content))
	keygen(t, "-q", "-p", "-P", "", "-N", "a passphrase", "-f", path)
}

// newHome sets a home directory with .ssh and no agent.
func newHome(t *testing.T) (ssh string) {
	t.Helper()
	home := t.TempDir()
	ssh = filepath.Join(home, ".ssh")
	if err := os.Mkdir(ssh, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", home)
	t.Setenv("SSH_AUTH_SOCK", "")
	return ssh
}

func TestAgent(t *testing.T) {
	server := sshdtest.Start(t)
	other := sshdtest.NewKey(t, t.TempDir(), "other")
	locked := filepath.Join(newHome(t), "key")
	lock(t, server.Key, locked)
	t.Setenv("SSH_AUTH_SOCK", sshdtest.StartAgent(t, other, server.Key))
	for name, test := range map[string]struct {
		key  string
		want []string
	}{
		"any key of the agent":    {"", nil},
		"the agent has this file": {locked, nil},
		"file that it needs not":  {server.Key, nil},
		"only the file":           {other, []string{"unable to authenticate"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := server.Options()
			o.SSHKey = test.key
			checkDial(t, server, o, test.want)
		})
	}
}

// TestKeys uses a key of the agent as long as it may be used.
func TestKeys(t *testing.T) {
	server := sshdtest.Start(t)
	newHome(t)
	if _, _, err := remote.Keys(t.Context(), remote.Options{}); !errors.Is(err, remote.ErrCredentials) {
		t.Errorf("no keys: %v", err)
	}
	t.Setenv("SSH_AUTH_SOCK", sshdtest.StartAgent(t, server.Key))
	signers, release, err := remote.Keys(t.Context(), remote.Options{})
	if err != nil || len(signers) != 1 {
		t.Fatalf("%d keys, %v, want the agent's", len(signers), err)
	}
	text := []byte("text")
	signature, err := signers[0].Sign(rand.Reader, text)
	if err != nil {
		t.Fatal(err)
	}
	if err := signers[0].PublicKey().Verify(text, signature); err != nil {
		t.Error(err)
	}
	release()
	if _, err := signers[0].Sign(rand.Reader, text); err == nil {
		t.Error("the agent still signs")
	}
}

func TestKeyFiles(t *testing.T) {
	server := sshdtest.Start(t)
	ssh := newHome(t)
	o := server.Options()
	o.SSHKey = ""
	checkDial(t, server, o, []string{"no SSH key", "no agent"})

	file := filepath.Join(ssh, "id_ed25519")
	lock(t, server.Key, file)
	checkDial(t, server, o, []string{"no SSH key", file, "ssh-add"})
	o.SSHKey = file
	checkDial(t, server, o, []string{file, "ssh-add"})

	other := sshdtest.NewKey(t, ssh, "id_ecdsa") // of a type that its name does not say
	o.SSHKey = ""
	checkDial(t, server, o, []string{"unable to authenticate", file, "ssh-add"})

	content, err := os.ReadFile(server.Key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(ssh, "id_rsa"), string(content))
	checkDial(t, server, o, nil)

	write(t, other, "not a key")
	o.SSHKey = other
	checkDial(t, server, o, []string{other, "no key found"})
}

// The old format has the public key only in the file beside it.
func TestLockedOldFormat(t *testing.T) {
	dir := newHome(t)
	rsa := filepath.Join(dir, "rsa")
	keygen(t, "-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f", rsa)
	server := sshdtest.Start(t, "AuthorizedKeysFile "+rsa+".pub")
	t.Setenv("SSH_AUTH_SOCK", sshdtest.StartAgent(t, rsa))
	keygen(t, "-q", "-p", "-P", "", "-N", "a passphrase", "-m", "PEM", "-f", rsa)
	o := server.Options()
	o.SSHKey = rsa
	checkDial(t, server, o, nil)
}

func TestKeyWarnings(t *testing.T) {
	server := sshdtest.Start(t)
	newHome(t)
	t.Setenv("SSH_AUTH_SOCK", filepath.Join(t.TempDir(), "missing"))
	if err := os.Chmod(server.Key, 0o644); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	o := server.Options()
	o.Log = func(format string, args ...any) { fmt.Fprintf(&log, format+"\n", args...) }
	checkDial(t, server, o, nil)
	for _, want := range []string{"not using the SSH agent", "others can read", server.Key, "0644"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("got %q, want one that says %q", &log, want)
		}
	}
}

// An agent that does not answer is not waited for longer than the context.
func TestSilentAgent(t *testing.T) {
	server := sshdtest.Start(t)
	newHome(t)
	dir, err := os.MkdirTemp("", "agent")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	listener, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	t.Setenv("SSH_AUTH_SOCK", listener.Addr().String())
	ctx, cancel := contextWhen(t, listener)
	defer cancel()
	o := server.Options()
	o.SSHKey = ""
	if _, err := remote.DialSFTP(ctx, server.User, server.Host, server.Port, o); ctx.Err() == nil || err == nil {
		t.Errorf("got %v before the end of the context", err)
	}
}

// contextWhen gives a context that ends when the listener has a connection.
func contextWhen(t *testing.T, listener net.Listener) (context.Context, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		conn, err := listener.Accept()
		cancel()
		if err == nil {
			<-t.Context().Done()
			_ = conn.Close()
		}
	}()
	return ctx, cancel
}
