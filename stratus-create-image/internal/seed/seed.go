// Package seed makes the keys of one new machine: a throw-away key that logs
// in, and a host key that is known beforehand, so that the first connection is
// checked. It must not know what starts the machine, nor how the machine is told.
package seed

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"

	"golang.org/x/crypto/ssh"
)

// Seed is what one machine is started with.
type Seed struct {
	User     string     // who logs in: "root", or a user that is made
	Mark     string     // the comment (GECOS) of a user that is made, which nobody else has
	Login    ssh.Signer // the throw-away key that logs in
	LoginPEM []byte     // the same, as an OpenSSH private key file
	HostKey  ssh.PublicKey
	HostPEM  []byte // its private half, for the machine
}

// New makes fresh keys.
func New(user string) (*Seed, error) {
	s := &Seed{User: user, Mark: "stratus build " + rand.Text()}
	var err error
	if s.Login, s.LoginPEM, err = newKey("stratus build key"); err != nil {
		return nil, fmt.Errorf("making the login key: %w", err)
	}
	host, hostPEM, err := newKey("stratus host key")
	if err != nil {
		return nil, fmt.Errorf("making the host key: %w", err)
	}
	s.HostKey, s.HostPEM = host.PublicKey(), hostPEM
	return s, nil
}

func newKey(comment string) (ssh.Signer, []byte, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return nil, nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, comment)
	if err != nil {
		return nil, nil, err
	}
	return signer, pem.EncodeToMemory(block), nil
}

// LoginKey is the login key's public half in authorized_keys form, without a
// comment.
func (s *Seed) LoginKey() string {
	return string(bytes.TrimSpace(ssh.MarshalAuthorizedKey(s.Login.PublicKey())))
}
