// Command stratus-create-image makes a new virtual machine image from a base
// image: it starts an instance of the base, installs packages, copies files,
// runs scripts, seals and saves the result, and prints a draft description of
// it. This package is plumbing from flags to options; it must not know how any
// of that is done.
package main

import (
	"errors"
	"os"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/build"
	"github.com/stratuslab/stratus/stratus-create-image/internal/notify"
	"github.com/stratuslab/stratus/stratus-create-image/internal/recipe"
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

// flags are those of every concern, in the order of the help.
func flags() []cli.Flag {
	return slices.Concat(
		outputFlags(), sealFlags(), recipeFlags(), textFlags(), sizeFlags(), contextFlags(), hardwareFlags(), tryFlags(),
		reuseFlags(), baseFlags(), command.TrustFlags(baseCategory), notifyFlags(), command.EndpointFlags())
}

// settings are the flags that the environment and the user's configuration
// file may set; two of them have the original's names.
func settings() []command.Setting {
	return slices.Concat(
		command.SettingsFor("author", "author-email", "cpu", "ram", "accel", "network", "ssh-user", "vm-start-timeout", "script-timeout", "cache-size",
			"qcow2-compression", "context", "disks-bus", "firmware", "package-proxy"),
		[]command.Setting{
			{Flag: "type", Env: "STRATUSLAB_INSTANCE_TYPE", Key: "instance_type"},
			{Flag: "key", Env: "STRATUSLAB_KEY", Key: "user_public_key_file"},
		},
		command.EndpointSettings(), command.TrustSettings(), command.CredentialSettings(), notifySettings())
}

func run(c *command.Call) error {
	switch {
	case c.Bool(listSeal):
		return seal.WriteTable(c.Out)
	case c.Bool(printContext):
		return writeContext(c)
	case c.Bool("dry-run"):
		return describe(c)
	}
	notifier, err := readNotifier(c)
	if err != nil {
		return err
	}
	outcome := &notify.Report{Title: c.String("title"), Base: c.Args().First(), Started: time.Now()}
	q, err := readRequest(c)
	same := false
	if err == nil {
		same, err = upToDate(c, q)
	}
	switch {
	case same:
		return nil
	case err == nil:
		outcome, err = build.Run(c.Ctx, q)
		err = withHint(c, err)
	default:
		outcome.Ended, outcome.Failure = time.Now(), &notify.Failure{Phase: build.FirstPhase, Cause: err.Error()}
	}
	if c.Bool("timings") {
		_ = outcome.WriteTimings(c.Err) // nobody could be told of an error
	}
	// After a usage error, or with a machine to log in to, the user is at the screen.
	if report.KindOf(err) == report.Usage || err == nil && q.KeepRunning {
		return err
	}
	outcome.Endpoint = c.String("marketplace-endpoint")
	if path := c.String("metadata"); outcome.Image != nil && path != "-" {
		outcome.Image.DraftPath = path
	}
	notifier.Tell(c.Ctx, outcome)
	return err
}

// describe writes the plan of a build.
func describe(c *command.Call) error {
	q, err := readRequest(c)
	if err != nil {
		return err
	}
	plan, err := build.Describe(c.Ctx, q)
	if err != nil {
		return err
	}
	return c.WriteProduct("", plan)
}

// withHint adds to an error of a build the option that helps.
func withHint(c *command.Call, err error) error {
	switch {
	case errors.Is(err, build.ErrDiskSize):
		return report.Usagef("reading --disk-size %q: %w", c.String("disk-size"), err)
	case errors.Is(err, build.ErrAccount):
		return report.WithHint(err, "name root with --ssh-user, or an account that the image does not have")
	case errors.Is(err, recipe.ErrNoInstaller):
		return report.WithHint(err, "name it with --installer")
	case errors.Is(err, build.ErrNoLogin):
		err = report.WithHint(err, "the image needs an ssh server, and cloud-init or another program that reads its context (--context); --keep-on-failure leaves the machine for a look")
	}
	if errors.Is(err, build.ErrLimit) {
		err = report.WithHint(err, "--vm-start-timeout sets the time limit")
	}
	return err
}

// Switches that ask for something else than an image.
const (
	printContext = "print-context"
	listSeal     = "list-seal"
)
