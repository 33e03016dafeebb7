package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// identities are the keys that the user can prove to be who they are with.
type identities struct {
	signers []ssh.Signer
	locked  []string // files that need a passphrase
	agent   net.Conn // nil if there is none
	detach  func() bool
}

// Keys returns the keys that the user can log in somewhere with: that of o.SSHKey
// or else those of the agent and of the usual files. release must be called when
// they have been used; the agent's cannot be used after it.
func Keys(ctx context.Context, o Options) (signers []ssh.Signer, release func(), err error) {
	ids, err := loadIdentities(ctx, o.withDefaults())
	if err != nil {
		return nil, nil, err
	}
	return ids.signers, ids.close, nil
}

// loadIdentities finds the keys. The agent must stay connected until they have
// been used; then the caller calls close. The context ends its use.
func loadIdentities(ctx context.Context, o Options) (*identities, error) {
	ids := &identities{}
	inAgent := ids.askAgent(ctx, o)
	var err error
	if o.SSHKey != "" {
		err = ids.useOnly(o.SSHKey, inAgent, o)
	} else {
		ids.signers = inAgent
		err = ids.addDefaults(o)
	}
	if err == nil && len(ids.signers) == 0 {
		err = unproven(fmt.Errorf("no SSH key to offer: %s", ids))
	}
	if err != nil {
		ids.close()
		return nil, err
	}
	return ids, nil
}

// askAgent returns the keys of the agent, if there is one.
func (ids *identities) askAgent(ctx context.Context, o Options) []ssh.Signer {
	socket := os.Getenv("SSH_AUTH_SOCK")
	if socket == "" {
		return nil
	}
	conn, err := (&net.Dialer{Timeout: connectLimit}).DialContext(ctx, "unix", socket)
	var signers []ssh.Signer
	if err == nil {
		ids.agent = conn
		ids.detach = context.AfterFunc(ctx, func() { _ = conn.Close() })
		if err = conn.SetDeadline(time.Now().Add(2 * o.Idle)); err == nil { // it may ask the user, while the host waits for Idle
			signers, err = agent.NewClient(conn).Signers()
		}
	}
	if err != nil {
		o.Log("not using the SSH agent: %v", err)
	}
	return signers
}

// useOnly takes the key of a file, from the agent if it needs a passphrase.
func (ids *identities) useOnly(file string, inAgent []ssh.Signer, o Options) error {
	signer, err := readKey(file, o)
	var locked *ssh.PassphraseMissingError
	switch {
	case err == nil:
		ids.signers = []ssh.Signer{signer}
		return nil
	case !errors.As(err, &locked):
		return unproven(err)
	}
	public := locked.PublicKey
	if public == nil { // the old formats do not have it
		public = readPublic(file)
	}
	if signer := find(inAgent, public); signer != nil {
		ids.signers = []ssh.Signer{signer}
		return nil
	}
	ids.locked = []string{file}
	return nil
}

// addDefaults adds the keys of the usual files that the agent does not have.
func (ids *identities) addDefaults(o Options) error {
	home, err := os.UserHomeDir()
	if err != nil {
		return fmt.Errorf("looking for SSH keys: %w", err)
	}
	for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
		file := filepath.Join(home, ".ssh", name)
		signer, err := readKey(file, o)
		var locked *ssh.PassphraseMissingError
		switch {
		case err == nil:
			if find(ids.signers, signer.PublicKey()) == nil {
				ids.signers = append(ids.signers, signer)
			}
		case errors.As(err, &locked):
			if find(ids.signers, locked.PublicKey) == nil {
				ids.locked = append(ids.locked, file)
			}
		case !errors.Is(err, fs.ErrNotExist):
			o.Log("not using an SSH key: %v", err)
		}
	}
	return nil
}

// String says what there is, for errors.
func (ids *identities) String() string {
	text := fmt.Sprintf("%d keys to offer", len(ids.signers))
	if ids.agent == nil {
		text += ", no agent"
	}
	if len(ids.locked) > 0 {
		text += fmt.Sprintf(", a passphrase on %q (add it to the agent with ssh-add)", ids.locked)
	}
	return text
}

func (ids *identities) close() {
	if ids.agent != nil {
		ids.detach()
		_ = ids.agent.Close()
	}
}

// readKey reads a private key. The error is a *ssh.PassphraseMissingError if the
// file needs a passphrase.
func readKey(file string, o Options) (ssh.Signer, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading an SSH key: %w", err)
	}
	if info, err := os.Stat(file); err == nil && info.Mode().Perm()&0o077 != 0 {
		o.Log("others can read the SSH key %q (mode %04o)", file, info.Mode().Perm())
	}
	signer, err := ssh.ParsePrivateKey(content)
	if err != nil {
		return nil, unproven(fmt.Errorf("reading the SSH key %q: %w", file, err))
	}
	return signer, nil
}

// readPublic reads the public key beside a private one; nil if there is none.
func readPublic(file string) ssh.PublicKey {
	content, err := os.ReadFile(strings.TrimSuffix(file, ".pub") + ".pub")
	if err != nil {
		return nil
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey(content)
	if err != nil {
		return nil
	}
	return key
}

// find returns the signer with this public key, or nil.
func find(signers []ssh.Signer, key ssh.PublicKey) ssh.Signer {
	if key == nil {
		return nil
	}
	for _, signer := range signers {
		if bytes.Equal(signer.PublicKey().Marshal(), key.Marshal()) {
			return signer
		}
	}
	return nil
}
