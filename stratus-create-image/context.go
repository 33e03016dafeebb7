package main

import (
	"context"

	"github.com/urfave/cli/v2"
	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/build"
	"github.com/stratuslab/stratus/stratus-create-image/internal/contextualize"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine/local"
)

// contextFlags are the flags of readLogin and writeContext.
func contextFlags() []cli.Flag {
	return command.InCategory("Machine",
		&cli.StringFlag{Name: "ssh-user", Value: "root", Usage: "log in as `USER`; an account other than root is created, with sudo rights"},
		&cli.StringFlag{Name: "key", Aliases: []string{"k"}, Usage: "also accept logins with the public key in `FILE` while the image is made"},
		&cli.StringFlag{Name: "context", Value: "auto", Usage: "pass keys and user data to the machine by `SCHEME`: auto, cloud-init, nocloud, config-drive, opennebula, stratuslab, hepix or none; with --print-context also cloud-init-v1"},
		&cli.StringSliceFlag{Name: "user-data", Usage: "pass user data to the machine from `FILE`, or from TYPE,FILE"},
		&cli.StringSliceFlag{Name: "context-var", Usage: "set a variable in the machine's context, as `NAME=VALUE`"},
		&cli.BoolFlag{Name: "print-context", Usage: "print the context for use with any cloud, or write its files to the directory named with -o; build nothing"},
	)
}

// readLogin reads the machine's context, and how to log in to it.
func readLogin(c *command.Call, q *build.Request) (err error) {
	q.Limit = command.Parse(c, &err, "vm-start-timeout", parseDuration)
	q.User = command.Parse(c, &err, "ssh-user", contextualize.ParseUser)
	q.Scheme = command.Parse(c, &err, "context", contextualize.ParseScheme)
	if err != nil {
		return err
	}
	if q.Context, err = readContext(c, q.Scheme); err != nil {
		return err
	}
	q.Context.Card = &contextualize.Card{
		MAC: local.MAC, IP: local.IP, Mask: local.Mask, Network: local.Subnet, Gateway: local.Gateway, DNS: local.DNS,
	}
	q.Keys = func(ctx context.Context) ([]ssh.Signer, func(), error) {
		options := remoteOptions(c)
		options.Idle = q.Limit // for which the agent is to stay
		return remote.Keys(ctx, options)
	}
	return nil
}

// readContext reads the content of the machine's context.
func readContext(c *command.Call, scheme contextualize.Scheme) (*contextualize.Context, error) {
	content := new(contextualize.Context)
	var err error
	if content.Variables, err = contextualize.ParseVariables(c.StringSlice("context-var")); err != nil {
		return nil, report.Usagef("reading --context-var: %w", err)
	}
	if content.UserData, err = contextualize.ReadUserData(c.Ctx, c.StringSlice("user-data")); err != nil {
		return nil, err
	}
	key := c.Path("key")
	if scheme == contextualize.None && !c.Typed("key") {
		key = "" // the configuration names one for other schemes
	}
	if key != "" {
		line, err := contextualize.ReadKey(c.Ctx, key)
		if err != nil {
			return nil, err
		}
		content.Keys = []string{line}
	}
	return content, nil
}

// writeContext writes the context for use with any cloud, to standard output or
// as files in the directory --output.
func writeContext(c *command.Call) error {
	name := c.String("context")
	if !c.Typed("context") {
		name = string(contextualize.CloudInit) // printed, it is for one kind of cloud
	}
	scheme, err := contextualize.ParsePrintable(name)
	if err != nil {
		return report.Usagef("reading --context %q: %w", name, err)
	}
	content, err := readContext(c, scheme)
	if err != nil {
		return err
	}
	files, notes, err := content.Files(scheme)
	if err != nil {
		return err
	}
	for _, note := range notes {
		c.Log.Warnf("%s", note)
	}
	if dir := c.Path("output"); dir != "" {
		return contextualize.Save(dir, files)
	}
	return c.WriteProduct("", contextualize.Text(files))
}
