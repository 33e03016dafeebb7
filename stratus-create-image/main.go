// Command stratus-create-image makes a new virtual machine image from a base
// image: it starts an instance of the base, installs packages, copies files,
// runs scripts, seals and saves the result, and prints a draft description of
// it. This package is plumbing from flags to options; it must not know how any
// of that is done.
package main

import (
	"os"
	"time"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/stratus-create-image/internal/build"
	"github.com/stratuslab/stratus/stratus-create-image/internal/contextualize"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine/local/qemu"
	"github.com/stratuslab/stratus/stratus-create-image/internal/notify"
	"github.com/stratuslab/stratus/stratus-create-image/internal/seal"
)

func main() { os.Exit(command.Main(program())) }

func program() *command.Program {
	return &command.Program{
		Name:     "stratus-create-image",
		Summary:  "make a customized virtual machine image from a base image",
		Args:     "BASE",
		MinArgs:  1,
		MaxArgs:  1,
		Alone:    []string{printContext, listSeal},
		Flags:    flags(),
		Settings: settings(),
		Examples: []string{
			"stratus-create-image -a nginx -s setup.sh -o web.qcow2 base.qcow2 >web.xml",
			"stratus-create-image --no-save -s 'setup.sh first second' base.qcow2",
			"stratus-create-image -a nginx -o web.qcow2 base.qcow2 | stratus-build-metadata --draft - --location URL",
			"stratus-create-image -a nginx -o web.qcow2 jane@example.org/debian-12",
			"stratus-create-image --print-context --context opennebula --user-data x-shellscript,setup.sh",
		},
		Action: run,
	}
}

func run(c *command.Call) error {
	switch {
	case c.Bool(listSeal):
		return seal.WriteTable(c.Out)
	case c.Bool(printContext):
		return writeContext(c)
	}
	notifier, err := readNotifier(c)
	if err != nil {
		return err
	}
	start := time.Now()
	o, err := options(c)
	if err != nil {
		if fault.KindOf(err) != fault.Usage && !c.Bool("dry-run") {
			notifier.Tell(c.Ctx, &notify.Report{
				Title: c.String("title"), Base: c.Args().First(), Started: start, Ended: time.Now(),
				Failure: &notify.Failure{Phase: "checking what is asked for", Cause: err.Error()},
			})
		}
		return err
	}
	if err := reach(c, o); err != nil {
		return err
	}
	o.Tell = notifier.Tell
	return build.Run(c, o)
}

// Switches that ask for something else than an image.
const (
	printContext = "print-context"
	listSeal     = "list-seal"
)

// options turns flags into options.
func options(c *command.Call) (*build.Options, error) {
	start, err := parseDuration("vm-start-timeout", c.String("vm-start-timeout"))
	if err != nil {
		return nil, err
	}
	change, err := readRecipe(c)
	if err != nil {
		return nil, err
	}
	plan, err := readSeal(c)
	if err != nil {
		return nil, err
	}
	size, err := parseSize("disk-size", c.String("disk-size"))
	if err != nil {
		return nil, err
	}
	user, err := contextualize.ParseUser(c.String("ssh-user"))
	if err != nil {
		return nil, fault.Usagef("reading --ssh-user %q: %w", c.String("ssh-user"), err)
	}
	scheme, err := contextualize.ParseScheme(c.String("context"))
	if err != nil {
		return nil, fault.Usagef("reading --context: %w", err)
	}
	content, err := readContext(c, scheme)
	if err != nil {
		return nil, err
	}
	machineSize, err := parseMachineSize(c)
	if err != nil {
		return nil, fault.Mark(fault.Usage, err)
	}
	host, err := localEngine(c)
	if err != nil {
		return nil, fault.Mark(fault.Usage, err)
	}
	from, err := readBase(c)
	if err != nil {
		return nil, err
	}
	return &build.Options{
		Base: from,

		Output:   c.String("output"),
		Format:   c.String("format"),
		Force:    c.Bool("force"),
		Metadata: c.String("metadata"),
		SBOM:     c.String("sbom"),

		Title:        c.String("title"),
		Comment:      c.String("comment"),
		Author:       c.String("author"),
		AuthorEmail:  c.String("author-email"),
		ImageVersion: c.String("image-version"),
		Replaces:     c.String("replaces"),

		OS:     c.String("os"),
		Recipe: change,
		Seal:   plan,

		Engine:    host,
		Size:      machineSize,
		DiskSize:  size,
		NoNetwork: host.Network == qemu.NoNetwork,
		Card: contextualize.Card{
			MAC: qemu.MAC, IP: qemu.IP, Mask: qemu.Mask, Network: qemu.Subnet, Gateway: qemu.Gateway, DNS: qemu.DNS,
		},

		SSHUser: user,
		Scheme:  scheme,
		Context: content,

		StartTimeout: start,

		NoShutdown:    c.Bool("no-shutdown"),
		KeepOnFailure: c.Bool("keep-on-failure"),
		NoSave:        c.Bool("no-save"),
		DryRun:        c.Bool("dry-run"),
	}, nil
}
