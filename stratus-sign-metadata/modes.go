package main

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/report"
)

// mode is one of the things that the command can do.
type mode struct {
	flag string   // asks for it, "" for signing
	with []string // the other flags that it takes
	run  func(*command.Call) error
}

func modes() []mode {
	names := func(flags []cli.Flag) (names []string) {
		for _, f := range flags {
			names = append(names, f.Names()[0])
		}
		return names
	}
	signing := append(names(command.CredentialFlags()),
		"email", "output", "in-place", "suffix", "profile", "chain", "check-image", "allow-no-location")
	return []mode{
		{"verify", append(names(command.TrustFlags("")), "json"), runVerify},
		{"new-certificate", append(names(command.PassphraseFlags()), "email", "name", "organization", "country", "days", "key"), runNewCertificate},
		{"show", signing, runShow},
		{"", signing, runSign},
	}
}

// run finds out what is asked for, and refuses flags that ask for anything else.
func run(c *command.Call) error {
	all := modes()
	chosen := all[slices.IndexFunc(all, func(m mode) bool { return m.flag == "" || c.IsSet(m.flag) })]
	for _, f := range flags() {
		name := f.Names()[0]
		if c.Typed(name) && name != chosen.flag && !slices.Contains(chosen.with, name) {
			if chosen.flag == "" {
				return report.Usagef("--%s has no meaning for signing", name)
			}
			return report.Usagef("--%s and --%s exclude each other", chosen.flag, name)
		}
	}
	return chosen.run(c)
}
