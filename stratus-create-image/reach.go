package main

import (
	"github.com/stratuslab/stratus/lib/credential"
	"github.com/stratuslab/stratus/lib/endpoint"
	"github.com/stratuslab/stratus/lib/marketplace"
	"github.com/stratuslab/stratus/lib/reliance"
	"github.com/stratuslab/stratus/lib/tool"
	"github.com/stratuslab/stratus/stratus-create-image/internal/build"
	"github.com/stratuslab/stratus/stratus-create-image/internal/fetch"
	"github.com/stratuslab/stratus/stratus-create-image/internal/source"
)

// reach adds to the options how to find, trust and download a base that is no
// local file. What is secret is kept from other programs in any case.
func reach(c *tool.Call, o *build.Options) (err error) {
	if o.Base.Form != source.File {
		o.Fetcher, err = fetch.New(endpoint.Options(c), func(total int64) fetch.Meter { return c.NewMeter("downloading", total) })
		if err != nil {
			return err
		}
	}
	insecure := c.Bool("insecure-no-trust")
	if !o.Base.Described() || insecure {
		if _, err := credential.Prepare(c); err != nil {
			return err
		}
	}
	if !o.Base.Described() {
		return nil
	}
	o.Finder = &source.Finder{
		Open:            func() (marketplace.Place, error) { return endpoint.Open(c) },
		Read:            o.Fetcher.Document,
		AllowDeprecated: c.Bool("allow-deprecated"),
		AllowExpired:    c.Bool("allow-expired"),
		Warn:            c.Log.Warnf,
	}
	if o.Base.Form != source.Description {
		if o.Finder.Where, err = endpoint.Name(c); err != nil {
			return err
		}
	}
	if insecure {
		return nil
	}
	judge, err := reliance.New(c)
	if err != nil {
		return err
	}
	o.Finder.Trust = judge.Decide
	return nil
}
