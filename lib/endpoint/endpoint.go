// Package endpoint is what the commands have in common that reach other hosts:
// the options that say where the Marketplace is and how to get there. It must not
// know what is published, found or fetched.
package endpoint

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/marketplace"
	"github.com/stratuslab/stratus/lib/remote"
)

const (
	endpointFlag   = "marketplace-endpoint"
	caFileFlag     = "ca-file"
	sshKeyFlag     = "ssh-key"
	knownHostsFlag = "known-hosts"
)

// Flags are the options of a command that reaches a Marketplace.
func Flags() []cli.Flag {
	const category = "Marketplace"
	return []cli.Flag{
		&cli.StringFlag{Name: endpointFlag, Category: category, Usage: "the Marketplace at `URL` (http, https, sftp or file), or in a directory (default: stratuslab/marketplace below $XDG_DATA_HOME)"},
		&cli.StringSliceFlag{Name: caFileFlag, Category: category, Usage: "trust the authorities in the PEM `FILE`, too, for https (repeatable)"},
		&cli.StringFlag{Name: sshKeyFlag, Category: category, Usage: "log in with the private key in `FILE` for sftp (default: the ssh agent's, then those in ~/.ssh)"},
		&cli.StringFlag{Name: knownHostsFlag, Category: category, Usage: "know the hosts in `FILE` for sftp (default: ~/.ssh/known_hosts)"},
	}
}

// Settings are the variables and configuration keys that stand for them.
func Settings() []command.Setting {
	return command.SettingsFor(endpointFlag, caFileFlag, sshKeyFlag, knownHostsFlag)
}

// Options say how to reach other hosts.
func Options(c *command.Call) remote.Options {
	return remote.Options{
		CAFiles:    c.Paths(caFileFlag),
		SSHKey:     c.Path(sshKeyFlag),
		KnownHosts: c.Path(knownHostsFlag),
		UserAgent:  c.App.Name + "/" + command.Version(),
		Log:        c.Log.Infof,
	}
}

// Open opens the Marketplace that the user means.
func Open(c *command.Call) (marketplace.Place, error) {
	where, err := Name(c)
	if err != nil {
		return nil, err
	}
	place, err := marketplace.Open(c.Ctx, where, Options(c))
	if err != nil {
		return nil, fmt.Errorf("opening the Marketplace: %w", err)
	}
	return place, nil
}

// Name is the endpoint that the user means: that of the options, or the user's
// own directory.
func Name(c *command.Call) (string, error) {
	if c.IsSet(endpointFlag) && c.String(endpointFlag) == "" {
		return "", fault.Usagef("reading --%s=%q: a URL or a directory is expected", endpointFlag, "")
	}
	if where := c.Path(endpointFlag); where != "" {
		return where, nil
	}
	data := os.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(data) { // as the specification of these directories has it
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fault.WithHint(fmt.Errorf("finding the default Marketplace: %w", err), "name one with --%s", endpointFlag)
		}
		data = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(data, "stratuslab", "marketplace"), nil
}
