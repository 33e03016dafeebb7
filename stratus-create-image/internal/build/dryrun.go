package build

import (
	"fmt"
	"strings"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/message"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// dryDir stands for the work directory that a dry run does not make.
const dryDir = "/WORKDIR"

// print writes the plan: what would be done, and with which command line. The
// base is found and, where it is here, read; nothing is downloaded or written.
func (p *plan) print(call *command.Call) error {
	var err error
	if p.found, err = p.options.Base.Find(call.Ctx, call.Log); err != nil {
		return err
	}
	var b strings.Builder
	step := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-8s %s\n", name, strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
	preview, err := p.found.Preview(call.Ctx, dryDir)
	if err != nil {
		return err
	}
	for _, s := range preview.Steps {
		step(s.Title, "%s", s.Text)
	}
	from := engine.Base{Path: preview.Path, Format: preview.Format, Bus: preview.DisksBus, Absent: preview.Absent}
	machine, err := p.options.Engine.Describe(call.Ctx, p.machineSpec(dryDir, from, nil))
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
