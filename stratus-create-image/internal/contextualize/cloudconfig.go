package contextualize

import (
	"bytes"
	"fmt"

	"golang.org/x/crypto/ssh"
)

// cloudConfig is the part of cloud-init's configuration that a build sets. It is
// written as JSON, which is YAML and needs no further quoting.
type cloudConfig struct {
	DisableRoot       bool              `json:"disable_root"`
	PreserveHostname  bool              `json:"preserve_hostname"`
	DeleteHostKeys    bool              `json:"ssh_deletekeys"`
	HostKeys          map[string]string `json:"ssh_keys"`
	PublishHostKeys   map[string]bool   `json:"ssh_publish_hostkeys"`
	AuthorizedKeys    []string          `json:"ssh_authorized_keys,omitempty"`
	Users             *[]cloudUser      `json:"users,omitempty"`
	Apt               map[string]bool   `json:"apt"`
	PackageUpgrade    bool              `json:"package_upgrade"`
	QuietSSHPublicKey bool              `json:"no_ssh_fingerprints"`
}

type cloudUser struct {
	Name           string   `json:"name"`
	Mark           string   `json:"gecos"`
	Sudo           string   `json:"sudo"`
	Shell          string   `json:"shell"`
	AuthorizedKeys []string `json:"ssh_authorized_keys"`
}

// cloudConfig returns the part of the user data that lets the build in, and
// others with their keys. With usersTold, the rest of the user data may say which
// users there are.
func (s *Seed) cloudConfig(others []string, usersTold bool) ([]byte, error) {
	text, err := formatJSON(s.config(append([]string{s.LoginKey()}, others...), usersTold))
	if err != nil {
		return nil, fmt.Errorf("making the cloud-config: %w", err)
	}
	return append([]byte("#cloud-config\n"), text...), nil
}

func (s *Seed) config(keys []string, usersTold bool) cloudConfig {
	c := cloudConfig{
		PreserveHostname: true, // the image keeps its name
		DeleteHostKeys:   true,
		HostKeys: map[string]string{
			"ed25519_private": string(s.HostPEM),
			"ed25519_public":  string(bytes.TrimSpace(ssh.MarshalAuthorizedKey(s.HostKey))),
		},
		PublishHostKeys:   map[string]bool{"enabled": false},
		Apt:               map[string]bool{"preserve_sources_list": true},
		QuietSSHPublicKey: true,
	}
	switch {
	case s.User != "root":
		c.Users = &[]cloudUser{{Name: s.User, Mark: s.Mark, Sudo: "ALL=(ALL) NOPASSWD:ALL", Shell: "/bin/sh", AuthorizedKeys: keys}}
	case !usersTold:
		c.Users = &[]cloudUser{} // the distribution's default user must not come to be in the image
		c.AuthorizedKeys = keys
	default: // the image's default user, or what the user data says
		c.AuthorizedKeys = keys
	}
	return c
}
