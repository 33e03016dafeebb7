package main

import (
	"cmp"
	"context"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/strictxml"
	"github.com/stratuslab/stratus/stratus-create-image/internal/build"
	"github.com/stratuslab/stratus/stratus-create-image/internal/contextualize"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine/local"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine/local/qemu"
)

// readRequest returns the image to make.
func readRequest(c *command.Call) (*build.Request, error) {
	q := &build.Request{
		OS: c.String("os"), SBOM: c.String("sbom"), Replace: c.Bool("force"),
		KeepRunning: c.Bool("no-shutdown"), KeepFailed: c.Bool("keep-on-failure"),
		Now: command.Now, Version: command.Version(), Quiet: c.Bool("quiet"), Log: c.Log,
		Product: func(text []byte) error { return c.WriteProduct(c.String("metadata"), text) },
	}
	for _, read := range []func(*command.Call, *build.Request) error{
		readOutputs, readTexts, readMachine, readChanges, readLogin,
	} {
		if err := read(c, q); err != nil {
			return nil, err
		}
	}
	var err error
	q.Base, err = readBase(c)
	return q, err
}

// readOutputs reads which files to make.
func readOutputs(c *command.Call, q *build.Request) (err error) {
	output := c.String("output")
	saving := !c.Bool("no-save") && !q.KeepRunning && (output != "" || !c.Bool("dry-run"))
	switch {
	case saving && output == "":
		return fault.WithHint(fault.Usagef("no output is named"), "add -o FILE, or --no-save to try things out")
	case q.KeepRunning && output != "":
		return fault.WithHint(fault.Usagef("a machine that is left running (--no-shutdown) cannot be saved to %q", output), "drop one of the two")
	case !saving && c.String("metadata") != "":
		return fault.Usagef("nothing is saved that %q could describe", c.String("metadata"))
	case !saving && q.SBOM != "":
		return fault.Usagef("nothing is saved whose packages %q could list", q.SBOM)
	case !saving:
		return nil
	}
	if q.Target, err = engine.ParseTarget(output, c.String("format")); err != nil {
		return fault.Mark(fault.Usage, err)
	}
	return checkNames(c)
}

// checkNames refuses files that are to be two things.
func checkNames(c *command.Call) error {
	files := []struct{ name, what string }{
		{c.Args().First(), "the base image itself"}, {c.String("base-metadata"), "the base's description"},
		{c.String("output"), "the image"}, {c.String("sbom"), "the list of its packages"}, {c.String("metadata"), "its description"},
	}
	for i, f := range files {
		for _, before := range files[:i] {
			if i > 1 && f.name != "" && f.name != "-" && sameFile(f.name, before.name) {
				return fault.Usagef("the output %q is %s", f.name, before.what)
			}
		}
	}
	if c.String("sbom") == "-" {
		return fault.Usagef("the list of packages (--sbom) goes to a file: standard output is for the description")
	}
	return nil
}

func sameFile(a, b string) bool {
	if b != "" && filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	first, errFirst := os.Stat(a)
	second, errSecond := os.Stat(b)
	return errFirst == nil && errSecond == nil && os.SameFile(first, second)
}

// readTexts reads how to describe the image.
func readTexts(c *command.Call, q *build.Request) error {
	for _, flag := range []string{"title", "comment", "author", "author-email", "image-version", "os"} {
		if text := c.String(flag); !strictxml.ValidText(text) {
			return fault.Usagef("reading --%s %q: it holds characters that XML forbids", flag, text)
		}
	}
	q.Texts = build.Texts{
		Title: c.String("title"), Comment: c.String("comment"), Author: c.String("author"), AuthorEmail: c.String("author-email"),
		Version: c.String("image-version"), Replaces: c.String("replaces"),
	}
	if _, err := metadata.DecodeIdentifier(q.Texts.Replaces); q.Texts.Replaces != "" && err != nil {
		return fault.Usagef("reading --replaces %q: the identifier of an image is expected: %w", q.Texts.Replaces, err)
	}
	return nil
}

// readMachine reads which engine runs which machine.
func readMachine(c *command.Call, q *build.Request) (err error) {
	if q.Machine, err = engine.ParseType(c.String("type"), c.Config.Section("instance_types")); err != nil {
		return fault.Mark(fault.Usage, err)
	}
	q.Machine.CPU, q.Machine.RAM = cmp.Or(c.Int("cpu"), q.Machine.CPU), cmp.Or(c.Int("ram"), q.Machine.RAM)
	if err := q.Machine.Check(); err != nil {
		return fault.Mark(fault.Usage, err)
	}
	if q.Disk, err = parseSize("disk-size", c.String("disk-size")); err != nil {
		return err
	}
	e := new(local.Engine)
	q.Engine = e
	if e.Accel, err = command.Parse(c, "accel", qemu.ParseAccel); err != nil {
		return err
	}
	if e.Network, err = command.Parse(c, "network", qemu.ParseNetwork); err != nil {
		return err
	}
	if e.Bus, err = command.Parse(c, "disks-bus", qemu.ParseBus); err != nil {
		return err
	}
	e.Firmware, err = command.Parse(c, "firmware", qemu.ParseFirmware)
	return err
}

// readChanges reads what is to be done to the guest, and what is removed from the
// image.
func readChanges(c *command.Call, q *build.Request) (err error) {
	if q.Recipe, err = readRecipe(c); err != nil {
		return err
	}
	if c.String("network") == string(qemu.NoNetwork) && q.Recipe.NeedsRepos() {
		return fault.Usagef("packages cannot be installed without a network (--network none)")
	}
	if len(q.Recipe.Repos) > 0 {
		if q.Recipe.HTTP, err = remote.NewHTTP(remoteOptions(c)); err != nil {
			return err
		}
	}
	q.Seal, err = readSeal(c)
	return err
}

// readLogin reads what the machine is told, and how to log in to it.
func readLogin(c *command.Call, q *build.Request) (err error) {
	if q.Limit, err = parseDuration("vm-start-timeout", c.String("vm-start-timeout")); err != nil {
		return err
	}
	if q.User, err = contextualize.ParseUser(c.String("ssh-user")); err != nil {
		return fault.Usagef("reading --ssh-user %q: %w", c.String("ssh-user"), err)
	}
	if q.Scheme, err = contextualize.ParseScheme(c.String("context")); err != nil {
		return fault.Usagef("reading --context: %w", err)
	}
	if q.Context, err = readContext(c, q.Scheme); err != nil {
		return err
	}
	q.Context.Card = &contextualize.Card{
		MAC: qemu.MAC, IP: qemu.IP, Mask: qemu.Mask, Network: qemu.Subnet, Gateway: qemu.Gateway, DNS: qemu.DNS,
	}
	q.Keys = func(ctx context.Context) ([]ssh.Signer, func(), error) {
		options := remoteOptions(c)
		options.Idle = q.Limit // for which the agent is to stay
		return remote.Keys(ctx, options)
	}
	return nil
}

// parseDuration reads seconds, or a number with units such as 10m.
func parseDuration(flag, text string) (time.Duration, error) {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fault.Usagef("reading --%s %q: seconds are expected, or a time such as 10m", flag, text)
	}
	return d, nil
}

// parseSize reads bytes, or a number with the binary unit K, M, G or T.
func parseSize(flag, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	number, shift := text, 0
	if i := strings.IndexByte("KMGT", strings.ToUpper(text)[len(text)-1]); i >= 0 {
		number, shift = text[:len(text)-1], 10*(i+1)
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n <= 0 || n > math.MaxInt64>>shift {
		return 0, fault.Usagef("reading --%s %q: a size such as 20G is expected", flag, text)
	}
	return n << shift, nil
}
