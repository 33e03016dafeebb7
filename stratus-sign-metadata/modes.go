package main

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/report"
)

// mode is one of the things that the command can do.
type mode struct {
	flag  string // asks for it, "" for signing
	flags []cli.Flag
	run   func(*command.Call) error
}

// modes are all of them; the first one that is asked for counts.
func modes() []mode {
	signing := append(signFlags(), command.CredentialFlags()...)
	email := &cli.StringFlag{Name: "email"} // means the same to both
	return []mode{
		{"verify", append(verifyFlags(), command.TrustFlags("")...), runVerify},
		{"new-certificate", append(certifyFlags(), append(command.PassphraseFlags(), email)...), runNewCertificate},
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
		if !c.Typed(name) || slices.ContainsFunc(chosen.flags, func(f cli.Flag) bool { return f.Names()[0] == name }) {
			continue
		}
		if chosen.flag == "" {
			return report.Usagef("--%s has no meaning for signing", name)
		}
		return report.Usagef("--%s and --%s exclude each other", chosen.flag, name)
	}
	return chosen.run(c)
}
