package build

import (
	"fmt"
	"io"
	"strings"

	"github.com/stratuslab/stratus/lib/compress"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/tool"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base"
	"github.com/stratuslab/stratus/stratus-create-image/internal/machine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/qemuimg"
	"github.com/stratuslab/stratus/stratus-create-image/internal/words"
)

// dryDir stands for the work directory that a dry run does not make.
const dryDir = "/WORKDIR"

// print writes the plan: what would be done, and with which command line. Only
// the base image is read, nothing is written.
func (p *plan) print(call *tool.Call) error {
	image, err := base.Open(call.Ctx, p.options.Base, "", io.Discard)
	if err != nil {
		return badBase(err)
	}
	var b strings.Builder
	step := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-8s %s\n", name, strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
	step("base", "%s (%s), SHA-1 %x", p.options.Base, form(image.Format, image.Sums.Kind), image.Sums.SHA1)
	step("machine", "%d cpu, %d MiB, %d MiB swap, %s, network %s", p.size.CPU, p.size.RAM, p.size.Swap, p.accel, p.network)
	p.printRecipe(step)
	if !p.options.NoShutdown {
		for _, pattern := range p.seal.Exclude {
			step("seal", "remove %s", pattern)
		}
		for _, item := range p.seal.Items {
			step("seal", "%s: remove %s", item.Name, item.What)
		}
	}
	switch {
	case p.saving:
		step("save", "%s (%s)", p.target.Path, form(p.target.Format, p.target.Compression))
	case p.options.NoShutdown:
		step("keep", "leave the machine running")
	default:
		step("save", "nothing")
	}
	path := image.Path
	if image.Sums.Kind != "" {
		path = dryDir + "/" + path
	}
	step("qemu", "%s", commandLine(p.machineConfig(dryDir, path, qemuimg.Driver(image.Format))))
	return call.WriteProduct("", []byte(b.String()))
}

func (p *plan) printRecipe(step func(name, format string, args ...any)) {
	r := &p.recipe
	for _, c := range r.Copies {
		step("copy", "%s to %s", c.Local, c.Remote)
	}
	for _, entry := range r.Repos {
		step("repo", "%s", entry)
	}
	if len(r.Packages) > 0 {
		step("install", "%s", strings.Join(r.Packages, " "))
	}
	for _, s := range r.Scripts {
		step("script", "%s", words.Join(append([]string{s.Path}, s.Args...)...))
	}
	for _, c := range r.Commands {
		step("run", "%s", c)
	}
}

// form names an image's format and compression for people.
func form(f diskimage.Format, k compress.Kind) string {
	return strings.TrimSpace(string(f) + " " + string(k))
}

// commandLine is QEMU's command line, quoted for a shell.
func commandLine(c *machine.Config) string { return words.Join(c.Argv()...) }
