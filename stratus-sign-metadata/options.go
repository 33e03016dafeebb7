package main

import (
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/credential"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/reliance"
	"github.com/stratuslab/stratus/lib/signature"
	"github.com/stratuslab/stratus/stratus-sign-metadata/internal/personal"
	"github.com/stratuslab/stratus/stratus-sign-metadata/internal/sign"
	"github.com/stratuslab/stratus/stratus-sign-metadata/internal/verify"
)

// mode is one of the things that the command can do.
type mode struct {
	flag string   // asks for it, "" for signing
	with []string // the other options that it takes
	run  func(*command.Call) error
}

func modes() []mode {
	credentials := []string{"email"}
	for _, f := range credential.Flags() {
		credentials = append(credentials, f.Names()[0])
	}
	identities := func(flag string) bool {
		return slices.ContainsFunc(credential.Settings(), func(s command.Setting) bool { return s.Flag == flag })
	}
	passphrases := slices.DeleteFunc(slices.Clone(credentials), identities)
	relying := []string{"json"}
	for _, f := range reliance.Flags("") {
		relying = append(relying, f.Names()[0])
	}
	signing := append(credentials, "output", "in-place", "suffix", "profile", "chain", "check-image", "allow-no-location")
	return []mode{
		{"verify", relying, runVerify},
		{"new-certificate", append(passphrases, "name", "organization", "country", "days", "key"), runNewCertificate},
		{"show", signing, runShow},
		{"", signing, runSign},
	}
}

// run finds out what is asked for, and that no option asks for anything else.
func run(c *command.Call) error {
	all := modes()
	chosen := all[slices.IndexFunc(all, func(m mode) bool { return m.flag == "" || c.IsSet(m.flag) })]
	for _, f := range flags() {
		name := f.Names()[0]
		if c.Typed(name) && name != chosen.flag && !slices.Contains(chosen.with, name) {
			if chosen.flag == "" {
				return fault.Usagef("--%s has no meaning for signing", name)
			}
			return fault.Usagef("--%s and --%s exclude each other", chosen.flag, name)
		}
	}
	return chosen.run(c)
}

// inputs are the documents that the command line names.
func inputs(c *command.Call) ([]string, error) {
	names := c.Args().Slice()
	if len(names) == 0 {
		return []string{"-"}, nil
	}
	if n := slices.Index(names, "-"); n >= 0 && slices.Contains(names[n+1:], "-") {
		return nil, fault.Usagef("standard input is named twice")
	}
	return names, nil
}

func runVerify(c *command.Call) error {
	names, err := inputs(c)
	if err != nil {
		return err
	}
	return verify.Run(c, names, c.Bool("json"))
}

func runNewCertificate(c *command.Call) error {
	if c.Args().Present() {
		return fault.Usagef("--new-certificate takes no document, but %q is there", c.Args().First())
	}
	now, err := command.Now()
	if err != nil {
		return err
	}
	return personal.Make(c, personal.Options{
		Path: c.String("new-certificate"), Email: c.String("email"), Name: c.String("name"),
		Organization: c.String("organization"), Country: c.String("country"), Days: c.Int("days"), Key: c.String("key"),
	}, now)
}

func runShow(c *command.Call) error {
	o, err := signOptions(c)
	if err != nil {
		return err
	}
	return sign.Show(c, o)
}

func runSign(c *command.Call) error {
	o, err := signOptions(c)
	if err != nil {
		return err
	}
	return sign.Run(c, o)
}

// checkPlaces makes sure that there is one output for each document.
func checkPlaces(c *command.Call, o sign.Options) error {
	switch {
	case len(o.Inputs) > 1 && !o.InPlace && !c.Bool("show"):
		return fault.WithHint(fault.Usagef("%d documents, but one output", len(o.Inputs)), "sign several with --in-place")
	case c.Typed("suffix") && !o.InPlace:
		return fault.Usagef("--suffix has no meaning without --in-place")
	case c.IsSet("output") && o.Output == "":
		return fault.Usagef("reading --output=%q: a file is expected", "")
	case !o.InPlace:
		return nil
	case c.Typed("output"):
		return fault.Usagef("--in-place and --output exclude each other")
	case !c.Args().Present() || slices.Contains(o.Inputs, "-"):
		return fault.WithHint(fault.Usagef("standard input cannot be signed in place"), "name the file")
	case o.Suffix == "" || strings.ContainsRune(o.Suffix, '/'):
		return fault.Usagef("reading --suffix=%q: the end of a file name is expected, such as .orig", o.Suffix)
	}
	return nil
}

func signOptions(c *command.Call) (sign.Options, error) {
	names, err := inputs(c)
	o := sign.Options{
		Inputs: names, Output: c.String("output"), InPlace: c.Bool("in-place"), Suffix: c.String("suffix"),
		Email: c.String("email"), Profile: signature.Profile(c.String("profile")), Chain: c.Bool("chain"),
		AllowNoLocation: c.Bool("allow-no-location"), CheckImage: c.String("check-image"),
	}
	switch {
	case err != nil:
		return o, err
	case o.Profile != signature.Modern && o.Profile != signature.StratusLab:
		return o, fault.Usagef("reading --profile=%q: %s or %s is expected", o.Profile, signature.Modern, signature.StratusLab)
	case c.IsSet("check-image") && o.CheckImage == "":
		return o, fault.Usagef("reading --check-image=%q: a file is expected", "")
	case o.CheckImage != "" && len(o.Inputs) > 1:
		return o, fault.Usagef("--check-image is for one document, but there are %d", len(o.Inputs))
	case o.CheckImage == "-" && slices.Contains(o.Inputs, "-"):
		return o, fault.WithHint(fault.Usagef("both the image and the document are to come from standard input"), "name a file for one of them")
	}
	return o, checkPlaces(c, o)
}
