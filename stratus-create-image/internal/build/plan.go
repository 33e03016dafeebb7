package build

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/strictxml"
	"github.com/stratuslab/stratus/lib/tool"
	"github.com/stratuslab/stratus/stratus-create-image/internal/cache"
	"github.com/stratuslab/stratus/stratus-create-image/internal/claim"
	"github.com/stratuslab/stratus/stratus-create-image/internal/flavor"
	"github.com/stratuslab/stratus/stratus-create-image/internal/machine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/qemuimg"
	"github.com/stratuslab/stratus/stratus-create-image/internal/recipe"
	"github.com/stratuslab/stratus/stratus-create-image/internal/save"
	"github.com/stratuslab/stratus/stratus-create-image/internal/seal"
	"github.com/stratuslab/stratus/stratus-create-image/internal/source"
)

// plan is what the options come to, checked as far as it can be before
// anything is started.
type plan struct {
	options  *Options
	target   save.Target // when saving
	saving   bool
	baseDoc  *metadata.Document // the base's description, or nil
	found    *source.Found      // where that is signed
	want     claim.Claim        // what the base must be
	item     *cache.Item        // with the base, where that was downloaded
	recipe   recipe.Recipe
	seal     *seal.Plan
	size     flavor.Type
	accel    machine.Accel
	slow     string // why there is no KVM, where it was not asked for
	network  machine.Network
	userData []byte
	keys     []string // more keys to let in
}

// newPlan checks the options.
func newPlan(o *Options) (*plan, error) {
	p := &plan{options: o, saving: !o.NoSave && !o.NoShutdown, want: claim.Claim{SHA256: o.Base.SHA256}}
	for _, step := range []func() error{p.checkOutput, p.checkTexts, p.checkRecipe, p.checkMachine, p.readFiles, p.checkPrograms} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *plan) checkOutput() (err error) {
	o := p.options
	if o.DryRun && o.Output == "" {
		p.saving = false // what would be written need not be known
	}
	switch {
	case p.saving && o.Output == "":
		return tool.WithHint(tool.Usagef("no output is named"), "add -o FILE, or --no-save to try things out")
	case o.NoShutdown && o.Output != "":
		return tool.WithHint(tool.Usagef("a machine that is left running (--no-shutdown) cannot be saved to %q", o.Output), "drop one of the two")
	case !p.saving && o.Metadata != "":
		return tool.Usagef("nothing is saved that %q could describe", o.Metadata)
	case !p.saving:
		return nil
	}
	if p.target, err = save.ParseTarget(o.Output, o.Format); err != nil {
		return usage(err)
	}
	out, errOut := os.Stat(o.Output)
	base, errBase := os.Stat(o.Base.Text)
	if errOut == nil && errBase == nil && os.SameFile(out, base) {
		return tool.Usagef("the output %q is the base image itself", o.Output)
	}
	return nil
}

// checkTexts makes sure that the texts can stand in XML.
func (p *plan) checkTexts() error {
	o := p.options
	for _, t := range []struct{ option, text string }{
		{"--title", o.Title}, {"--comment", o.Comment}, {"--author", o.Author},
		{"--author-email", o.AuthorEmail}, {"--image-version", o.ImageVersion}, {"--os", o.OS},
	} {
		if !strictxml.ValidText(t.text) {
			return tool.Usagef("reading %s %q: it holds characters that XML forbids", t.option, t.text)
		}
	}
	if _, err := metadata.DecodeIdentifier(o.Replaces); o.Replaces != "" && err != nil {
		return tool.Usagef("reading --replaces %q: the identifier of an image is expected: %w", o.Replaces, err)
	}
	if o.Base.Described() && o.BaseMetadata != "" {
		return tool.Usagef("--base-metadata is for a base without a signed description, which %q has", o.Base.Text)
	}
	return nil
}

func (p *plan) checkRecipe() (err error) {
	o := p.options
	r := recipe.Recipe{Repos: o.Repos, Commands: o.Commands, Timeout: o.ScriptTimeout}
	if r.Packages, err = recipe.ParsePackages(o.Packages); err != nil {
		return usage(err)
	}
	for _, text := range o.Scripts {
		s, err := recipe.ParseScript(text)
		if err != nil {
			return usage(err)
		}
		r.Scripts = append(r.Scripts, s)
	}
	for _, text := range o.Copies {
		c, err := recipe.ParseCopy(text)
		if err != nil {
			return usage(err)
		}
		r.Copies = append(r.Copies, c)
	}
	for _, text := range o.Env {
		v, err := recipe.ParseEnv(text)
		if err != nil {
			return usage(err)
		}
		r.Variables = append(r.Variables, v)
	}
	if o.Installer != "" {
		if r.Installer, err = recipe.ParseInstaller(o.Installer); err != nil {
			return usage(err)
		}
	}
	p.recipe = r
	p.seal, err = seal.NewPlan(o.NoSeal, o.Exclude)
	return usage(err)
}

func (p *plan) checkMachine() (err error) {
	o := p.options
	if p.size, err = flavor.Find(o.Type, o.Types); err != nil {
		return usage(err)
	}
	if o.CPU != 0 {
		p.size.CPU = o.CPU
	}
	if o.RAM != 0 {
		p.size.RAM = o.RAM
	}
	if err := p.size.Check(); err != nil {
		return usage(err)
	}
	accel, err := machine.ParseAccel(o.Accel)
	if err != nil {
		return usage(err)
	}
	p.accel, p.slow = accel.Resolve()
	if p.network, err = machine.ParseNetwork(o.Network); err != nil {
		return usage(err)
	}
	if p.network == machine.NoNetwork && len(p.recipe.Packages) > 0 {
		return tool.Usagef("packages cannot be installed without a network (--network none)")
	}
	if !validUser(o.SSHUser) {
		return tool.Usagef("reading --ssh-user %q: a user name is expected", o.SSHUser)
	}
	return nil
}

// validUser accepts what useradd accepts everywhere.
func validUser(name string) bool {
	const first = "abcdefghijklmnopqrstuvwxyz_"
	return name != "" && len(name) <= 32 && strings.Contains(first, name[:1]) && strings.Trim(name, first+"0123456789-") == ""
}

// checkPrograms looks for the programs before an hour is spent.
func (p *plan) checkPrograms() error {
	names := []string{machine.Program, qemuimg.Program}
	if p.saving {
		names = append(names, p.target.Programs()...)
	}
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			return tool.WithHint(fmt.Errorf("looking for %s: %w", name, errors.Unwrap(err)),
				"install it; on Debian and Ubuntu: apt-get install qemu-system-x86 qemu-utils xz-utils bzip2")
		}
	}
	return nil
}

// machineConfig is the machine to run, with its files in dir.
func (p *plan) machineConfig(dir, base, baseFormat string) *machine.Config {
	config := &machine.Config{
		Dir: dir, Accel: p.accel, CPU: p.size.CPU, RAM: p.size.RAM, Swap: p.size.Swap,
		Base: base, BaseFormat: baseFormat, Network: p.network,
		Keep: p.options.NoShutdown || p.options.KeepOnFailure,
	}
	if p.item != nil {
		config.Holds = []*os.File{p.item.Lock()}
	}
	return config
}

// usage marks an error as one of the command line; nil stays nil.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return tool.Usagef("%w", err)
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
