package main

import (
	"crypto/x509"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/credential"
	"github.com/stratuslab/stratus/lib/marketplace"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/lib/trust"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base"
)

// baseCategory is the heading of options about the base.
const baseCategory = "Base image"

// baseFlags are the flags of readBase.
func baseFlags() []cli.Flag {
	return command.InCategory(baseCategory,
		&cli.StringFlag{Name: "base-sha256", Usage: "require the SHA-256 digest `HEX` of a base that is a file or a URL"},
		&cli.BoolFlag{Name: "allow-deprecated", Usage: "accept a base that its endorser has deprecated"},
		&cli.BoolFlag{Name: "allow-expired", Usage: "accept a base whose description has expired"},
		&cli.BoolFlag{Name: "insecure-no-trust", Usage: "accept a base from any endorser, trusted or not; image policies still apply"},
		&cli.StringFlag{Name: "cache-size", Value: "20G", Usage: "keep at most `SIZE` of downloaded images and of machines for later builds"},
		&cli.BoolFlag{Name: "no-cache", Usage: "download the base for this run only, and keep no copy"},
	)
}

// readBase reads what the base is, and how to find, trust and download it.
func readBase(c *command.Call) (s *base.Source, err error) {
	s = &base.Source{Access: remoteOptions(c), NoCache: c.Bool("no-cache"), CacheSize: command.Parse(c, &err, "cache-size", report.ParseBytes)}
	var sum []byte
	if c.String("base-sha256") != "" {
		sum = command.Parse(c, &err, "base-sha256", base.ParseSHA256)
	}
	if err != nil {
		return nil, err
	}
	if s.Name, err = base.ParseName(c.Args().First(), sum); err != nil {
		return nil, err
	}
	if s.DescriptionPath = c.String("base-metadata"); s.DescriptionPath != "" {
		if s.Name.Described() {
			return nil, report.Usagef("--base-metadata is for a base without a signed description, but %q has one", s.Name.Text)
		}
		if s.Description, err = base.ReadDescription(s.DescriptionPath); err != nil {
			return nil, err
		}
	}
	if s.Name.Described() {
		s.Finder, err = readFinder(c, s)
	}
	return s, err
}

// readFinder reads how to find and trust the description of a base.
func readFinder(c *command.Call, s *base.Source) (*base.Finder, error) {
	whom, err := c.Trust(trust.ParseFingerprints, func(own command.Credential) (*x509.Certificate, error) {
		return credential.New(credential.Options(own), c.Log).Certificate(c.Ctx)
	})
	if err != nil {
		return nil, err
	}
	judge, err := trust.New(c.Ctx, trust.Options(whom), c.Log)
	if err != nil {
		return nil, err
	}
	f := &base.Finder{
		Trust:           judge.Decide,
		RefuseImage:     judge.RefuseImage,
		Insecure:        c.Bool("insecure-no-trust"),
		AllowDeprecated: c.Bool("allow-deprecated"),
		AllowExpired:    c.Bool("allow-expired"),
	}
	if f.Insecure {
		f.Trust = judge.DecideUntrusted
	}
	if s.Name.Form != base.Description {
		f.Where, _, err = c.Endpoint()
		f.Open = func() (base.Marketplace, error) { return marketplace.Open(c.Ctx, f.Where, s.Access) }
	}
	return f, err
}
