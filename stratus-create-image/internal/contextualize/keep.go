package contextualize

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/crypto/ssh"
)

// keptSeed is the form of a seed that is kept. It is as secret as the machine.
type keptSeed struct{ User, Mark, Login, Host string }

// MarshalJSON returns a seed with its private keys.
func (s *Seed) MarshalJSON() ([]byte, error) {
	return json.Marshal(keptSeed{s.User, s.Mark, string(s.LoginPEM), string(s.HostPEM)})
}

// UnmarshalJSON reads a seed that MarshalJSON has written.
func (s *Seed) UnmarshalJSON(text []byte) error {
	var kept keptSeed
	if err := json.Unmarshal(text, &kept); err != nil {
		return err
	}
	login, err := ssh.ParsePrivateKey([]byte(kept.Login))
	if err != nil {
		return errors.New("the login key is not valid") // without anything of it
	}
	host, err := ssh.ParsePrivateKey([]byte(kept.Host))
	if err != nil {
		return errors.New("the host key is not valid")
	}
	*s = Seed{
		User: kept.User, Mark: kept.Mark, Login: login, LoginPEM: []byte(kept.Login),
		HostKey: host.PublicKey(), HostPEM: []byte(kept.Host),
	}
	return nil
}

// WithNewLogin returns the seed with a fresh login key.
func (s *Seed) WithNewLogin() (*Seed, error) {
	fresh := *s
	var err error
	if fresh.Login, fresh.LoginPEM, err = newKey("stratus build key"); err != nil {
		return nil, fmt.Errorf("making the login key: %w", err)
	}
	return &fresh, nil
}

// Digest returns the SHA-256, in hexadecimal digits, of the disks of a scheme without
// their one-time keys: machines that are told the same have the same digest.
func (c *Context) Digest(scheme Scheme, user string) (string, error) {
	same, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		return "", err
	}
	told := *c
	told.Seed = &Seed{User: user, Login: same, HostKey: same.PublicKey()}
	disks, _, err := told.Disks(scheme)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, d := range disks {
		fmt.Fprintf(h, "%q\n", d.Label)
		for _, f := range d.Files {
			fmt.Fprintf(h, "%q %x\n", f.Path, sha256.Sum256(f.Content))
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
