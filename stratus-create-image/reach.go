package main

import (
	"context"
	"io"

	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/credential"
	"github.com/stratuslab/stratus/lib/endpoint"
	"github.com/stratuslab/stratus/lib/marketplace"
	"github.com/stratuslab/stratus/lib/reliance"
	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base/fetch"
	"github.com/stratuslab/stratus/stratus-create-image/internal/build"
	"github.com/stratuslab/stratus/stratus-create-image/internal/source"
)

// reach adds to the options how to find, trust and download a base that is no
// local file. What is secret is kept from other programs in any case.
func reach(c *command.Call, o *build.Options) (err error) {
	if o.Base.Form != source.File {
		o.Fetcher, err = fetch.New(endpoint.Options(c), func(total int64) io.WriteCloser { return c.Log.Meter("downloading", total) })
		if err != nil {
			return err
		}
	}
	if len(o.Recipe.Repos) > 0 {
		if o.Recipe.HTTP, err = remote.NewHTTP(endpoint.Options(c)); err != nil {
			return err
		}
	}
	o.SSHKeys = func(ctx context.Context) ([]ssh.Signer, func(), error) {
		settings := endpoint.Options(c)
		settings.Idle = o.StartTimeout // for which the agent is to stay
		signers, release, err := remote.Keys(ctx, settings)
		return signers, release, err
	}
	o.Endpoint = c.String("marketplace-endpoint")
	if !o.Base.Described() {
		_, err := credential.Prepare(c)
		return err
	}
	judge, err := reliance.New(c)
	if err != nil {
		return err
	}
	o.Finder = &source.Finder{
		Open:            func() (marketplace.Place, error) { return endpoint.Open(c) },
		Read:            o.Fetcher.Document,
		Trust:           judge.Decide,
		RefuseImage:     judge.RefuseImage,
		Insecure:        c.Bool("insecure-no-trust"),
		AllowDeprecated: c.Bool("allow-deprecated"),
		AllowExpired:    c.Bool("allow-expired"),
		Warn:            c.Log.Warnf,
	}
	if o.Finder.Insecure {
		o.Finder.Trust = judge.DecideUntrusted
	}
	if o.Base.Form != source.Description {
		o.Finder.Where, err = endpoint.Name(c)
	}
	return err
}
