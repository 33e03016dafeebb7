package build

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/message"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/source"
)

// dryDir stands for the work directory that a dry run does not make.
const dryDir = "/WORKDIR"

// print writes the plan: what would be done, and with which command line. The
// base is found and, where it is here, read; nothing is downloaded or written.
func (p *plan) print(call *command.Call) error {
	if err := p.find(call.Ctx); err != nil {
		return err
	}
	var b strings.Builder
	step := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-8s %s\n", name, strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
	base, err := p.printBase(call.Ctx, step)
	if err != nil {
		return err
	}
	machine, err := p.options.Engine.Describe(call.Ctx, p.machineSpec(dryDir, base, nil))
	if err != nil {
		return err
	}
	step(machine[0].Name, "%s", machine[0].Text)
	p.printContext(step)
	p.options.Recipe.Describe(step)
	if !p.options.NoShutdown {
		p.options.Seal.Describe(step)
	}
	switch {
	case p.target != nil:
		step("save", "%s (%s)", p.target.Path, form(p.target.Format, p.target.Compression))
	case p.options.NoShutdown:
		step("keep", "leave the machine running")
	default:
		step("save", "nothing")
	}
	for _, line := range machine[1:] {
		step(line.Name, "%s", line.Text)
	}
	return call.WriteProduct("", []byte(b.String()))
}

// printBase writes what the base is and where it comes from, and returns the base
// that the engine would get.
func (p *plan) printBase(ctx context.Context, step func(name, format string, args ...any)) (engine.Base, error) {
	o := p.options
	if o.Base.Form == source.File {
		image, err := base.Open(ctx, o.Base.Text, "", io.Discard)
		if err != nil {
			return engine.Base{}, p.badFile(err)
		}
		if err := p.checkBase(image); err != nil {
			return engine.Base{}, err
		}
		step("base", "%s (%s), SHA-1 %x", o.Base.Text, form(image.Format, image.Sums.Compression), image.Sums.SHA1)
		for _, warning := range image.Warnings {
			step("", "%s", warning)
		}
		if image.Unpacked {
			return engine.Base{Path: dryDir + "/" + image.Path, Format: image.Format, Bus: image.DisksBus, Absent: true}, nil
		}
		return engine.Base{Path: image.Path, Format: image.Format, Bus: image.DisksBus}, nil
	}
	step("base", "%s", o.Base.Text)
	if p.found != nil {
		step("entry", "%s, %s", p.found.Identifier, p.endorser())
	}
	for _, location := range p.locations() {
		step("from", "%s", message.Printable(location))
	}
	return p.printCached(ctx, step)
}

// printCached writes whether the base has been downloaded, and returns the base
// that the engine would get.
func (p *plan) printCached(ctx context.Context, step func(name, format string, args ...any)) (engine.Base, error) {
	store, err := p.cache(dryDir)
	if err != nil {
		return engine.Base{}, err
	}
	path := store.Path(p.want.Name())
	if _, err := os.Lstat(path); err != nil || p.options.NoCache {
		step("cache", "%s, which is not there yet", path)
		format, err := diskimage.ParseFormat(p.baseText(metadata.Format, ""))
		if err != nil {
			format = diskimage.Raw // the image itself will tell
		}
		return engine.Base{Path: path, Format: format, Absent: true}, nil
	}
	f, err := store.Open(p.want.Name())
	if err != nil {
		return engine.Base{}, failCache(err)
	}
	defer f.Close()
	image, err := p.readCached(ctx, f, store.Record(p.want.Name()), io.Discard)
	if err != nil {
		return engine.Base{}, err
	}
	step("cache", "%s, which is the image", path)
	if image.Format == diskimage.Ova { // which is unpacked first
		return engine.Base{Path: filepath.Join(dryDir, "disk"), Format: image.Format, Absent: true}, nil
	}
	return engine.Base{Path: path, Format: image.Format}, nil
}

// printContext writes what the machine is told.
func (p *plan) printContext(step func(name, format string, args ...any)) {
	for _, disk := range p.disks {
		names := make([]string, len(disk.Files))
		for i, f := range disk.Files {
			names[i] = f.Path
		}
		step("context", "the disk %s with %s", disk.Label, strings.Join(names, ", "))
	}
	for _, note := range p.notes {
		step("context", "%s", message.Printable(note))
	}
}

// form names an image's format and compression for people.
func form(f diskimage.Format, k diskimage.Compression) string {
	return strings.TrimSpace(string(f) + " " + string(k))
}
