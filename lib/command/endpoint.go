package command

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/report"
)

const (
	endpointFlag   = "marketplace-endpoint"
	caFileFlag     = "ca-file"
	sshKeyFlag     = "ssh-key"
	knownHostsFlag = "known-hosts"
)

// EndpointFlags returns the flags of a command that reaches a Marketplace.
func EndpointFlags() []cli.Flag {
	return InCategory("Marketplace",
		&cli.StringFlag{Name: endpointFlag, Usage: "use the Marketplace at `URL` (http, https, sftp or file), or in a directory (default: stratuslab/marketplace below $XDG_DATA_HOME)"},
		&cli.StringSliceFlag{Name: caFileFlag, Usage: "for https, also trust the authorities in the PEM `FILE`"},
		&cli.StringFlag{Name: sshKeyFlag, Usage: "for sftp, log in with the private key in `FILE` (default: the ssh agent's keys, then those in ~/.ssh)"},
		&cli.StringFlag{Name: knownHostsFlag, Usage: "for sftp, read the keys of hosts from `FILE` (default: ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts)"},
	)
}

// EndpointSettings returns the settings of EndpointFlags.
func EndpointSettings() []Setting {
	return SettingsFor(endpointFlag, caFileFlag, sshKeyFlag, knownHostsFlag)
}

// Access is what a user sets to reach other hosts.
type Access struct {
	CAFiles    []string // PEM files with more roots for TLS
	SSHKey     string   // path of the private key, "" for the usual ones
	KnownHosts string   // path of the file with host keys, "" for the usual one
	UserAgent  string   // program and version
}

// Access returns the values of EndpointFlags without the endpoint.
func (c *Call) Access() Access {
	return Access{
		CAFiles: c.Paths(caFileFlag), SSHKey: c.Path(sshKeyFlag), KnownHosts: c.Path(knownHostsFlag),
		UserAgent: c.program.Name + "/" + Version(),
	}
}

// Endpoint returns the URL or the path of the Marketplace that the user means,
// and its origin: Default for the user's own directory.
func (c *Call) Endpoint() (string, Origin, error) {
	v := c.Value(endpointFlag)
	switch {
	case v.Text != "":
		return v.Path(), v.Origin, nil
	case v.Origin != Default:
		return "", v.Origin, report.Usagef("reading --%s %q: not a valid endpoint, want a URL or a directory", endpointFlag, "")
	}
	data := os.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(data) { // the specification of these directories says to ignore it
		home, err := os.UserHomeDir()
		if err != nil {
			return "", Default, report.WithHint(fmt.Errorf("finding the default Marketplace: %w", err), "give one with --%s", endpointFlag)
		}
		data = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(data, "stratuslab", "marketplace"), Default, nil
}
