// Command stratus-upload-metadata registers signed descriptions of virtual
// machine images in a Marketplace. It neither signs them nor finds any.
package main

import (
	"fmt"
	"math"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/marketplace"
	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/signature"
	"github.com/stratuslab/stratus/stratus-upload-metadata/internal/upload"
)

func main() { os.Exit(command.Main(program())) }

func program() *command.Program {
	return &command.Program{
		Name:     "stratus-upload-metadata",
		Summary:  "register the signed description of an image in a Marketplace",
		Args:     "[SIGNED|-]...",
		MaxArgs:  math.MaxInt,
		Flags:    flags(),
		Settings: command.EndpointSettings(),
		Examples: []string{
			"stratus-sign-metadata web.xml | stratus-upload-metadata --marketplace-endpoint https://marketplace.example.org",
			"stratus-upload-metadata --marketplace-endpoint sftp://www@images.example.org/srv/marketplace web.xml",
			"stratus-upload-metadata --check web.xml",
		},
		Action: run,
	}
}

func flags() []cli.Flag {
	const category = "Upload"
	return append([]cli.Flag{
		&cli.BoolFlag{Name: "check", Usage: "do everything but send", Category: category},
		&cli.BoolFlag{Name: "no-verify", Usage: "send without verifying first; whoever receives it may", Category: category},
	}, command.EndpointFlags()...)
}

// run publishes the documents and prints the URL of each. None is sent before
// all have been verified; the first that is not taken ends the run.
func run(c *command.Call) error {
	inputs, err := c.Inputs()
	if err != nil {
		return err
	}
	if c.Bool("check") && c.Bool("no-verify") {
		return fault.Usagef("--check and --no-verify exclude each other")
	}
	var documents []upload.Document
	for _, input := range inputs {
		d, err := read(c, input)
		if err != nil {
			return err
		}
		documents = append(documents, d)
	}
	place, err := openMarketplace(c)
	if err != nil {
		return err
	}
	defer func() { _ = place.Close() }() // every answer has been read
	for _, d := range documents {
		if err := send(c, place, d); err != nil {
			return err
		}
	}
	return nil
}

// read reads one document and, unless the other side is to do that, verifies it.
func read(c *command.Call, input string) (upload.Document, error) {
	src, name, err := c.Read(input, "a signed metadata document", signature.MaxBytes)
	if err != nil {
		return upload.Document{}, err
	}
	if len(src) == 0 {
		return upload.Document{}, fault.BadInputf("reading %q: it is empty, not a signed metadata document", name)
	}
	if c.Bool("no-verify") {
		return upload.Claim(name, src)
	}
	now, err := command.Now()
	if err != nil {
		return upload.Document{}, err
	}
	return upload.Verify(name, src, now, c.Log)
}

// send publishes one document, or does everything but that.
func send(c *command.Call, place marketplace.Place, d upload.Document) error {
	if c.Bool("check") {
		now, err := command.Now()
		if err != nil {
			return err
		}
		return d.Check(c.Ctx, place, now, c.Log)
	}
	url, err := d.Publish(c.Ctx, place, c.Log)
	if err != nil || url == "" {
		return err
	}
	return c.WriteProduct("", []byte(url+"\n"))
}

// openMarketplace opens the Marketplace that the user means.
func openMarketplace(c *command.Call) (marketplace.Place, error) {
	where, _, err := c.Endpoint()
	if err != nil {
		return nil, err
	}
	a := c.Access()
	place, err := marketplace.Open(c.Ctx, where, remote.Options{
		CAFiles: a.CAFiles, SSHKey: a.SSHKey, KnownHosts: a.KnownHosts, UserAgent: a.UserAgent, Log: c.Log.Infof,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the Marketplace: %w", err)
	}
	return place, nil
}
