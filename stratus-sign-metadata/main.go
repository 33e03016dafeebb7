// Command stratus-sign-metadata endorses the description of a virtual machine
// image: it signs the document with a personal certificate, and verifies what
// others signed. This package joins options, inputs and outputs; it must not know
// how documents are signed or verified.
package main

import (
	"math"
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/signature"
)

func main() { os.Exit(command.Main(program())) }

func program() *command.Program {
	return &command.Program{
		Name:     "stratus-sign-metadata",
		Summary:  "sign the description of an image, or verify who signed it",
		Args:     "[FILE|-]...",
		MaxArgs:  math.MaxInt,
		Flags:    flags(),
		Settings: slices.Concat(command.SettingsFor("email"), command.TrustSettings(), command.CredentialSettings()),
		Examples: []string{
			"stratus-sign-metadata --new-certificate ~/.globus/usercert.p12 --email jane@example.org --name 'Jane Tester'",
			"stratus-build-metadata --location URI web.qcow2 | stratus-sign-metadata -o web.xml",
			"stratus-sign-metadata --in-place --check-image web.qcow2 web.xml",
			"stratus-sign-metadata --verify --trust /etc/grid-security/certificates web.xml",
		},
		Action: run,
	}
}

func flags() []cli.Flag {
	return slices.Concat(signFlags(), verifyFlags(), command.TrustFlags("Verifying"), certifyFlags(), command.CredentialFlags())
}

func signFlags() []cli.Flag {
	return command.InCategory("Signing",
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE` instead of standard output"},
		&cli.BoolFlag{Name: "in-place", Aliases: []string{"i"}, Usage: "replace each FILE by its signed form"},
		&cli.StringFlag{Name: "suffix", Value: ".orig", Usage: "with --in-place, keep the unsigned document as FILE with `SUFFIX` appended"},
		&cli.StringFlag{Name: "email", Usage: "set the endorser's `ADDRESS`, unless the certificate names one"},
		&cli.StringFlag{Name: "profile", Value: string(signature.Modern), Usage: "sign with `PROFILE`: modern (SHA-256), or stratuslab (SHA-1, for the original software)"},
		&cli.BoolFlag{Name: "chain", Usage: "include the other certificates of the PKCS#12 or PEM file in the signature"},
		&cli.StringFlag{Name: "check-image", Usage: "check that the document describes the image in `FILE`, or in standard input for \"-\""},
		&cli.BoolFlag{Name: "allow-no-location", Usage: "sign a document that does not say where the image is"},
		&cli.BoolFlag{Name: "show", Usage: "print what would be endorsed and by whom, and sign nothing"},
	)
}

func verifyFlags() []cli.Flag {
	return command.InCategory("Verifying",
		&cli.BoolFlag{Name: "verify", Usage: "verify signed documents, and sign nothing"},
		&cli.BoolFlag{Name: "json", Usage: "print one JSON object for each document"},
	)
}

func certifyFlags() []cli.Flag {
	return command.InCategory("Making a certificate",
		&cli.StringFlag{Name: "new-certificate", Usage: "make a self-signed certificate in the PKCS#12 `FILE`, and sign nothing"},
		&cli.StringFlag{Name: "name", Usage: "set the `NAME` of the owner, whose address is that of --email"},
		&cli.StringFlag{Name: "organization", Usage: "set the owner's `ORGANIZATION`"},
		&cli.StringFlag{Name: "country", Usage: "set the owner's `COUNTRY`, two letters"},
		&cli.IntFlag{Name: "days", Value: 365, Usage: "make the certificate valid for `DAYS`"},
		&cli.StringFlag{Name: "key", Value: "rsa3072", Usage: "make a key of `KIND`: rsa3072 or p256"},
	)
}
