package main

import (
	"fmt"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/marketplace"
	"github.com/stratuslab/stratus/lib/remote"
)

// remoteOptions returns how to reach other hosts.
func remoteOptions(c *command.Call) remote.Options {
	a := c.Access()
	return remote.Options{CAFiles: a.CAFiles, SSHKey: a.SSHKey, KnownHosts: a.KnownHosts, UserAgent: a.UserAgent, Log: c.Log.Infof}
}

// openMarketplace opens the Marketplace that the user means.
func openMarketplace(c *command.Call) (marketplace.Finder, error) {
	where, _, err := c.Endpoint()
	if err != nil {
		return nil, err
	}
	var finder marketplace.Finder
	at, err := marketplace.ParseEndpoint(where)
	if err == nil {
		finder, err = marketplace.Open(c.Ctx, at, remoteOptions(c))
	}
	if err != nil {
		return nil, fmt.Errorf("opening the Marketplace: %w", err)
	}
	return finder, nil
}
