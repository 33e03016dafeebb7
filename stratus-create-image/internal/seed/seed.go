// Package seed makes the disk from which cloud-init in a new machine learns
// how to let us in: a NoCloud data source, with a throw-away login key and a
// host key that is known beforehand, so that the first connection is checked.
// It must not know what starts the machine.
package seed

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"mime/multipart"
	"net/textproto"

	"github.com/kdomanski/iso9660"
	"golang.org/x/crypto/ssh"
)

// label is the volume label by which cloud-init finds a NoCloud seed.
const label = "cidata"

// MaxUserData bounds the user's own data, in bytes.
const MaxUserData = 1 << 20

// Seed is what one machine is started with.
type Seed struct {
	User      string     // who logs in: "root", or a user that is made
	Login     ssh.Signer // the throw-away key that logs in
	LoginPEM  []byte     // the same, as an OpenSSH private key file
	HostKey   ssh.PublicKey
	OtherKeys []string // more public keys to let in, as lines of authorized_keys
	UserData  []byte   // the user's own user-data, or nil
	hostPEM   []byte
}

// New makes fresh keys.
func New(user string) (*Seed, error) {
	s := &Seed{User: user}
	var err error
	if s.Login, s.LoginPEM, err = newKey("stratus build key"); err != nil {
		return nil, fmt.Errorf("making the login key: %w", err)
	}
	host, hostPEM, err := newKey("stratus host key")
	if err != nil {
		return nil, fmt.Errorf("making the host key: %w", err)
	}
	s.HostKey, s.hostPEM = host.PublicKey(), hostPEM
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

// WriteISO writes the seed disk, an ISO 9660 image.
func (s *Seed) WriteISO(w io.Writer) error {
	userData, err := s.userData()
	if err != nil {
		return err
	}
	iso, err := iso9660.NewWriter()
	if err != nil {
		return fmt.Errorf("making the seed disk: %w", err)
	}
	defer func() { _ = iso.Cleanup() }() // its own temporary directory
	files := []struct{ name, content string }{
		{"user-data", string(userData)},
		{"meta-data", "instance-id: stratus-" + rand.Text() + "\n"},
		{"network-config", networkConfig},
	}
	for _, f := range files {
		if err := iso.AddFile(bytes.NewReader([]byte(f.content)), f.name); err != nil {
			return fmt.Errorf("making the seed disk: adding %q: %w", f.name, err)
		}
	}
	if err := iso.WriteTo(w, label); err != nil {
		return fmt.Errorf("writing the seed disk: %w", err)
	}
	return nil
}

// networkConfig asks for DHCP on any Ethernet card. Without it cloud-init would
// write this machine's MAC address into the image.
const networkConfig = `version: 2
ethernets:
  any:
    match: {name: "e*"}
    dhcp4: true
`

// cloudConfig is the part of cloud-init's configuration that we set. JSON is
// YAML, and needs no quoting of our own.
type cloudConfig struct {
	DisableRoot       bool              `json:"disable_root"`
	PreserveHostname  bool              `json:"preserve_hostname"`
	DeleteHostKeys    bool              `json:"ssh_deletekeys"`
	HostKeys          map[string]string `json:"ssh_keys"`
	PublishHostKeys   map[string]bool   `json:"ssh_publish_hostkeys"`
	AuthorizedKeys    []string          `json:"ssh_authorized_keys,omitempty"`
	Users             *[]user           `json:"users,omitempty"`
	Apt               map[string]bool   `json:"apt"`
	PackageUpgrade    bool              `json:"package_upgrade"`
	QuietSSHPublicKey bool              `json:"no_ssh_fingerprints"`
}

type user struct {
	Name           string   `json:"name"`
	Sudo           string   `json:"sudo"`
	Shell          string   `json:"shell"`
	AuthorizedKeys []string `json:"ssh_authorized_keys"`
}

func (s *Seed) config() cloudConfig {
	keys := append([]string{s.LoginKey()}, s.OtherKeys...)
	c := cloudConfig{
		PreserveHostname: true, // the image keeps its name
		DeleteHostKeys:   true,
		HostKeys: map[string]string{
			"ed25519_private": string(s.hostPEM),
			"ed25519_public":  string(bytes.TrimSpace(ssh.MarshalAuthorizedKey(s.HostKey))),
		},
		PublishHostKeys:   map[string]bool{"enabled": false},
		Apt:               map[string]bool{"preserve_sources_list": true},
		QuietSSHPublicKey: true,
	}
	switch {
	case s.User != "root":
		c.Users = &[]user{{Name: s.User, Sudo: "ALL=(ALL) NOPASSWD:ALL", Shell: "/bin/sh", AuthorizedKeys: keys}}
	case s.UserData == nil:
		c.Users = &[]user{} // the distribution's default user must not come to be in the image
		c.AuthorizedKeys = keys
	default:
		c.AuthorizedKeys = keys // users are the user-data's business
	}
	return c
}

// userData is our configuration alone, or after the user's own: of two parts
// that set the same thing, cloud-init takes the later.
func (s *Seed) userData() ([]byte, error) {
	config, err := json.MarshalIndent(s.config(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("making the user-data: %w", err)
	}
	config = append([]byte("#cloud-config\n"), append(config, '\n')...)
	if s.UserData == nil {
		return config, nil
	}
	var b bytes.Buffer
	parts := multipart.NewWriter(&b)
	fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=%q\r\nMIME-Version: 1.0\r\n\r\n", parts.Boundary())
	for _, part := range [][]byte{s.UserData, config} {
		// cloud-init looks at the first line of a text/plain part for its type.
		w, err := parts.CreatePart(textproto.MIMEHeader{"Content-Type": {"text/plain; charset=utf-8"}})
		if err != nil {
			return nil, fmt.Errorf("making the user-data: %w", err)
		}
		if _, err := w.Write(part); err != nil {
			return nil, fmt.Errorf("making the user-data: %w", err)
		}
	}
	if err := parts.Close(); err != nil {
		return nil, fmt.Errorf("making the user-data: %w", err)
	}
	return b.Bytes(), nil
}
