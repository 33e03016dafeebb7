// Command stratus-upload-metadata registers signed descriptions of virtual
// machine images in a Marketplace. It must not know how a Marketplace keeps them.
package main

import (
	"math"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/marketplace"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/publish"
	"github.com/stratuslab/stratus/lib/report"
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
	return append(command.InCategory("Upload",
		&cli.BoolFlag{Name: "check", Usage: "do everything except the upload"},
		&cli.BoolFlag{Name: "no-verify", Usage: "upload without verifying first; the Marketplace may verify"},
	), command.EndpointFlags()...)
}

// run publishes the documents and prints the URL of each. None is sent before
// all have been verified; the first that is not taken ends the run.
func run(c *command.Call) error {
	inputs, err := c.Inputs()
	if err != nil {
		return err
	}
	if c.Bool("check") && c.Bool("no-verify") {
		return report.Usagef("--check and --no-verify exclude each other")
	}
	var documents []document
	for _, input := range inputs {
		d, err := read(c, input)
		if err != nil {
			return err
		}
		documents = append(documents, d)
	}
	where, _, err := c.Endpoint()
	if err != nil {
		return err
	}
	if c.Bool("check") {
		return check(c, where, documents)
	}
	return register(c, where, documents)
}

// read reads one document and, unless the other side is to do that, verifies it.
func read(c *command.Call, input string) (document, error) {
	src, name, err := c.Read(input, "a signed metadata document", entry.MaxBytes)
	if err != nil {
		return document{}, err
	}
	if len(src) == 0 {
		return document{}, report.BadInputf("reading %q: it is empty, not a signed metadata document", name)
	}
	if c.Bool("no-verify") {
		return claim(name, src)
	}
	now, err := command.Now()
	if err != nil {
		return document{}, err
	}
	return verify(name, src, now, c.Log)
}

// check does everything but publish the documents.
func check(c *command.Call, where string, documents []document) error {
	now, err := command.Now()
	if err != nil {
		return err
	}
	finder, err := marketplace.Open(c.Ctx, where, access(c))
	if err != nil {
		return err
	}
	defer func() { _ = finder.Close() }() // every answer has been read
	for _, d := range documents {
		if err := d.check(c.Ctx, finder, now, c.Log); err != nil {
			return err
		}
	}
	return nil
}

func register(c *command.Call, where string, documents []document) error {
	publisher, err := publish.Open(c.Ctx, where, access(c))
	if err != nil {
		return err
	}
	defer func() { _ = publisher.Close() }() // every answer has been read
	for _, d := range documents {
		url, err := d.publish(c.Ctx, publisher, c.Log)
		if err != nil {
			return err
		}
		if url == "" {
			continue
		}
		if err := c.WriteProduct("", []byte(url+"\n")); err != nil {
			return err
		}
	}
	return nil
}

func access(c *command.Call) marketplace.Access {
	a := c.Access()
	return marketplace.Access{CAFiles: a.CAFiles, SSHKey: a.SSHKey, KnownHosts: a.KnownHosts, UserAgent: a.UserAgent, Log: c.Log.Infof}
}
