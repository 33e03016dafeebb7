package contextualize

import (
	"bytes"
	"fmt"

	"golang.org/x/crypto/ssh"
)

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
