package main

import (
	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/build"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine/local"
)

// readRequest returns the image to make.
func readRequest(c *command.Call) (*build.Request, error) {
	q := &build.Request{
		SBOM: c.String("sbom"), Replace: c.Bool("force"),
		KeepRunning: c.Bool("no-shutdown"), KeepFailed: c.Bool("keep-on-failure"),
		Now: command.Now, Version: command.Version(), Quiet: c.Bool("quiet"), Log: c.Log,
		Product: func(text []byte) error { return c.WriteProduct(c.String("metadata"), text) },
	}
	for _, read := range []func(*command.Call, *build.Request) error{
		readOutputs, readTexts, readMachine, readChanges, readLogin, readReuse, checkIfChanged,
	} {
		if err := read(c, q); err != nil {
			return nil, err
		}
	}
	var err error
	q.Base, err = readBase(c)
	return q, err
}

// remoteOptions returns how to reach other hosts.
func remoteOptions(c *command.Call) remote.Options {
	a := c.Access()
	return remote.Options{CAFiles: a.CAFiles, SSHKey: a.SSHKey, KnownHosts: a.KnownHosts, UserAgent: a.UserAgent, Log: c.Log.Infof}
}

// readChanges reads what is to be done to the guest, and what is removed from the
// image.
func readChanges(c *command.Call, q *build.Request) (err error) {
	if q.Recipe, err = readRecipe(c); err != nil {
		return err
	}
	if c.String("network") == string(local.NoNetwork) && q.Recipe.NeedsRepos() {
		return report.Usagef("packages cannot be installed without a network (--network none)")
	}
	if len(q.Recipe.Repos) > 0 {
		if q.Recipe.HTTP, err = remote.NewHTTP(remoteOptions(c)); err != nil {
			return err
		}
	}
	q.Seal, err = readSeal(c)
	return err
}

// tryFlags are the flags for trying out and debugging.
func tryFlags() []cli.Flag {
	return command.InCategory("Trying out and debugging",
		&cli.BoolFlag{Name: "list-seal", Usage: "print what sealing removes from every image, and build nothing"},
		&cli.BoolFlag{Name: "dry-run", Usage: "print the plan and QEMU's command line, and build nothing"},
		&cli.BoolFlag{Name: "no-save", Usage: "build without saving: remove the machine at the end"},
		&cli.BoolFlag{Name: "no-shutdown", Usage: "leave the machine running, not sealed and not saved, and print its directory"},
		&cli.BoolFlag{Name: "keep-on-failure", Usage: "leave the machine running if the build fails"},
		&cli.BoolFlag{Name: "timings", Usage: "print at the end how many seconds each phase took, on standard error"},
	)
}
