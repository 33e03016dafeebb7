package build

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/stratus-create-image/internal/contextualize"
	"github.com/stratuslab/stratus/stratus-create-image/internal/machine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/seed"
	"github.com/stratuslab/stratus/stratus-create-image/internal/userdata"
)

// PrintContext writes what a machine would be told, for use with any cloud: to
// standard output, or to files in the directory dir where that is not empty.
func PrintContext(call *command.Call, c Context, dir string) error {
	scheme, err := contextualize.ParsePrintable(c.Scheme)
	if err != nil {
		return usage(err)
	}
	content, err := c.read(call.Ctx, call.Log.Warnf)
	if err != nil {
		return err
	}
	files, notes, err := content.Files(scheme)
	if err != nil {
		return fault.BadInputf("%w", err)
	}
	for _, note := range notes {
		call.Log.Warnf("%s", note)
	}
	if dir != "" {
		return contextualize.Save(dir, files)
	}
	return call.WriteProduct("", contextualize.Text(files))
}

// readContext makes the disks that tell the machine its context.
func (p *plan) readContext(ctx context.Context) error {
	o := p.options
	if !validUser(o.SSHUser) {
		return fault.Usagef("reading --ssh-user %q: a user name is expected", o.SSHUser)
	}
	scheme, err := contextualize.ParseScheme(o.Context.Scheme)
	if err != nil {
		return usage(err)
	}
	if c := o.Context; scheme == contextualize.None && len(c.UserData)+len(c.Variables)+len(c.Key) > 0 {
		return fault.Usagef("a machine without a context (--context none) is told neither keys, user data nor variables")
	}
	content, err := o.Context.read(ctx, func(format string, args ...any) { p.notes = append(p.notes, fmt.Sprintf(format, args...)) })
	if err != nil {
		return err
	}
	if p.seed, err = seed.New(o.SSHUser); err != nil {
		return err
	}
	content.Seed = p.seed
	content.Card = &contextualize.Card{
		MAC: machine.MAC, IP: machine.IP, Mask: machine.Mask, Network: machine.Subnet, Gateway: machine.Gateway, DNS: machine.DNS,
	}
	disks, notes, err := content.Disks(scheme)
	if err != nil {
		return fault.BadInputf("%w", err)
	}
	p.disks, p.notes = disks, append(p.notes, notes...)
	return nil
}

// read reads what the user wants the machine to be told.
func (c *Context) read(ctx context.Context, warn func(format string, args ...any)) (*contextualize.Context, error) {
	content := new(contextualize.Context)
	var err error
	if content.Variables, err = contextualize.ParseVariables(c.Variables); err != nil {
		return nil, usage(err)
	}
	content.UserData, err = files.Await(ctx, func() (*userdata.Data, error) { return userdata.Read(c.UserData) })
	if err != nil {
		return nil, fault.BadInputf("%w", err)
	}
	for _, warning := range content.UserData.Warnings {
		warn("%s", warning)
	}
	if c.Key != "" {
		key, err := files.Await(ctx, func() (string, error) { return readPublicKey(c.Key) })
		if err != nil {
			return nil, fault.WithHint(fault.BadInputf("reading the public key %q: %w", c.Key, err), "--key takes a .pub file")
		}
		content.Keys = []string{key}
	}
	return content, nil
}

// readPublicKey reads one public key, as a line of authorized_keys.
func readPublicKey(path string) (string, error) {
	const limit = 64 << 10
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return "", err
	}
	key, comment, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		return "", err
	}
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
	if comment != "" {
		line += " " + comment
	}
	return line, userdata.CheckKey(line)
}

// validUser accepts what useradd accepts everywhere.
func validUser(name string) bool {
	const first = "abcdefghijklmnopqrstuvwxyz_"
	return name != "" && len(name) <= 32 && strings.Contains(first, name[:1]) && strings.Trim(name, first+"0123456789-") == ""
}
