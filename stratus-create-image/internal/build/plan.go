package build

import (
	"context"
	"os"
	"path/filepath"

	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/strictxml"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base"
	"github.com/stratuslab/stratus/stratus-create-image/internal/contextualize"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// plan is what the options come to, checked as far as it can be before
// anything is started.
type plan struct {
	options *Options
	target  *engine.Target // nil where nothing is saved
	found   *base.Found    // the base, nil until it is found
	seed    *contextualize.Seed
	disks   []contextualize.Disk // that tell the machine its context
	notes   []string             // about the context, one line each
}

// newPlan checks the options.
func newPlan(ctx context.Context, o *Options) (*plan, error) {
	p := &plan{options: o}
	for _, step := range []func() error{
		p.checkOutput, p.checkTexts, p.makeContext,
		func() error { return o.Engine.Check(ctx, p.target) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *plan) checkOutput() (err error) {
	o := p.options
	saving := !o.NoSave && !o.NoShutdown && (o.Output != "" || !o.DryRun)
	switch {
	case saving && o.Output == "":
		return fault.WithHint(fault.Usagef("no output is named"), "add -o FILE, or --no-save to try things out")
	case o.NoShutdown && o.Output != "":
		return fault.WithHint(fault.Usagef("a machine that is left running (--no-shutdown) cannot be saved to %q", o.Output), "drop one of the two")
	case !saving && o.Metadata != "":
		return fault.Usagef("nothing is saved that %q could describe", o.Metadata)
	case !saving && o.SBOM != "":
		return fault.Usagef("nothing is saved whose packages %q could list", o.SBOM)
	case !saving:
		return nil
	}
	if p.target, err = engine.ParseTarget(o.Output, o.Format); err != nil {
		return usage(err)
	}
	return checkNames(o)
}

// checkNames makes sure that no file is two things.
func checkNames(o *Options) error {
	files := []struct{ name, what string }{
		{o.Base.Name.Text, "the base image itself"}, {o.Base.DescriptionPath, "the base's description"},
		{o.Output, "the image"}, {o.SBOM, "the list of its packages"}, {o.Metadata, "its description"},
	}
	for i, f := range files {
		for _, before := range files[:i] {
			if i > 1 && f.name != "" && f.name != "-" && sameFile(f.name, before.name) {
				return fault.Usagef("the output %q is %s", f.name, before.what)
			}
		}
	}
	if o.SBOM == "-" {
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

// checkTexts makes sure that the texts can stand in XML.
func (p *plan) checkTexts() error {
	o := p.options
	for _, t := range []struct{ option, text string }{
		{"--title", o.Title}, {"--comment", o.Comment}, {"--author", o.Author},
		{"--author-email", o.AuthorEmail}, {"--image-version", o.ImageVersion}, {"--os", o.OS},
	} {
		if !strictxml.ValidText(t.text) {
			return fault.Usagef("reading %s %q: it holds characters that XML forbids", t.option, t.text)
		}
	}
	if _, err := metadata.DecodeIdentifier(o.Replaces); o.Replaces != "" && err != nil {
		return fault.Usagef("reading --replaces %q: the identifier of an image is expected: %w", o.Replaces, err)
	}
	if o.NoNetwork && o.Recipe.NeedsRepos() {
		return fault.Usagef("packages cannot be installed without a network (--network none)")
	}
	return nil
}

// usage marks an error as one of the command line; nil stays nil.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return fault.Usagef("%w", err)
}

// scratchParent is where the work directory goes: TMPDIR, else a place that is
// made for large files and not kept in memory.
func scratchParent() string {
	if dir := os.Getenv("TMPDIR"); dir != "" {
		return filepath.Clean(dir)
	}
	if info, err := os.Stat("/var/tmp"); err == nil && info.IsDir() {
		return "/var/tmp"
	}
	return os.TempDir()
}
