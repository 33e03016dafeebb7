package contextualize

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/report"
)

// Seed holds the one-time keys of one new machine: a key that logs in, and the
// machine's host key, with which even the first connection is checked.
type Seed struct {
	User     string     // the account: "root", or one that the machine makes
	Mark     string     // the unique comment (GECOS) of an account that the machine makes
	Login    ssh.Signer // the key that logs in
	LoginPEM []byte     // the same, as an OpenSSH private key file
	HostKey  ssh.PublicKey
	HostPEM  []byte // the private half of HostKey, for the machine
}

// NewSeed makes fresh keys.
func NewSeed(user string) (*Seed, error) {
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

// LoginKey returns the public half of the login key as a line of
// authorized_keys, without a comment.
func (s *Seed) LoginKey() string {
	return string(bytes.TrimSpace(ssh.MarshalAuthorizedKey(s.Login.PublicKey())))
}

// ParseUser parses the name of the account that logs in. useradd accepts the
// name on every system.
func ParseUser(name string) (string, error) {
	const first = "abcdefghijklmnopqrstuvwxyz_"
	if name == "" || len(name) > 32 || !strings.Contains(first, name[:1]) || strings.Trim(name, first+"0123456789-") != "" {
		return "", errors.New("not a valid user name")
	}
	return name, nil
}

// ReadKey reads one public key as a line of authorized_keys. The file may be a
// pipe; the end of the context ends the wait. Errors are of kind report.BadInput.
func ReadKey(ctx context.Context, path string) (string, error) {
	line, err := files.Await(ctx, func() (string, error) { return readKey(path) })
	if err != nil {
		return "", report.WithHint(report.BadInputf("reading the public key %q: %w", path, err), "--key takes a .pub file")
	}
	return line, nil
}

func readKey(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	key, comment, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		return "", err
	}
	line := strings.TrimSpace(strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))) + " " + comment)
	return line, checkKey(line)
}

// checkKey checks one line of authorized_keys.
func checkKey(line string) error {
	if _, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line)); err != nil {
		return fmt.Errorf("reading the public key %.40q: %w", line, err)
	}
	if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f || r == '\ufffd' }) {
		return fmt.Errorf("reading the public key %.40q: it holds control characters or is not UTF-8", line)
	}
	return nil
}

// cloudConfig returns the part of the user data that lets the build in, and
// others with their keys. With usersTold, the rest of the user data may say which
// users there are. JSON is YAML and needs no further quoting.
func (s *Seed) cloudConfig(others []string, usersTold bool) ([]byte, error) {
	type section map[string]any
	keys := append([]string{s.LoginKey()}, others...)
	config := section{
		"disable_root":      false,
		"preserve_hostname": true, // the image keeps its name
		"ssh_deletekeys":    true,
		"ssh_keys": section{
			"ed25519_private": string(s.HostPEM),
			"ed25519_public":  string(bytes.TrimSpace(ssh.MarshalAuthorizedKey(s.HostKey))),
		},
		"ssh_publish_hostkeys": section{"enabled": false},
		"no_ssh_fingerprints":  true,
		"apt":                  section{"preserve_sources_list": true},
		"package_upgrade":      false,
	}
	if s.User == "root" {
		config["ssh_authorized_keys"] = keys
		if !usersTold {
			config["users"] = []section{} // without the distribution's default user
		}
	} else {
		config["users"] = []section{{
			"name": s.User, "gecos": s.Mark, "sudo": "ALL=(ALL) NOPASSWD:ALL", "shell": "/bin/sh", "ssh_authorized_keys": keys,
		}}
	}
	text, err := formatJSON(config)
	if err != nil {
		return nil, fmt.Errorf("making the cloud-config: %w", err)
	}
	return append([]byte("#cloud-config\n"), text...), nil
}
