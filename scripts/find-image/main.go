// Command find-image finds images in a Marketplace and prints those that match,
// the newest first, each with its endorser. Signatures are verified; it must not
// know whom the user trusts, which matters to those who use an image.
package main

import (
	"math"
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
)

func main() { os.Exit(command.Main(program())) }

func program() *command.Program {
	return &command.Program{
		Name:     "find-image",
		Summary:  "find images in a Marketplace",
		Args:     "[TEXT]...",
		MaxArgs:  math.MaxInt,
		Flags:    flags(),
		Settings: command.EndpointSettings(),
		Examples: []string{
			"find-image --os debian web server",
			"find-image --endorser jane@example.org --expires-within 30d",
			"stratus-create-image -o new.qcow2 $(find-image --tag web --endorser jane@example.org)",
		},
		Action: run,
	}
}

func flags() []cli.Flag {
	search := command.InCategory("Search",
		&cli.StringFlag{Name: "status", Value: "valid", Usage: "list images with this `STATUS`: valid, expired, deprecated or all"},
		&cli.StringFlag{Name: "endorser", Usage: "list only images endorsed by this `ADDRESS`"},
		&cli.StringFlag{Name: "os", Usage: "list only images with this operating `SYSTEM`, such as debian or debian-12"},
		&cli.StringFlag{Name: "tag", Usage: "list only images with this `TAG`"},
		&cli.StringFlag{Name: "expires-within", Usage: "list only images that expire within this `TIME`, such as 30d or 12h"},
	)
	output := command.InCategory("Output",
		&cli.BoolFlag{Name: "table", Usage: "print a table (default on a terminal; else one identifier on each line)"},
		&cli.BoolFlag{Name: "json", Usage: "print one JSON object on each line"},
	)
	return slices.Concat(search, output, command.EndpointFlags())
}
