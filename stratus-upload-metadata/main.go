// Command stratus-upload-metadata registers signed descriptions of virtual
// machine images in a Marketplace. It neither signs them nor finds any. This
// package is plumbing from flags to options.
package main

import (
	"math"
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/fault"
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

func run(c *command.Call) error {
	names := c.Args().Slice()
	if len(names) == 0 {
		names = []string{"-"}
	}
	if n := slices.Index(names, "-"); n >= 0 && slices.Contains(names[n+1:], "-") {
		return fault.Usagef("standard input is named twice")
	}
	if c.Bool("check") && c.Bool("no-verify") {
		return fault.Usagef("--check and --no-verify exclude each other")
	}
	return upload.Run(c, upload.Options{Inputs: names, Check: c.Bool("check"), NoVerify: c.Bool("no-verify")})
}
