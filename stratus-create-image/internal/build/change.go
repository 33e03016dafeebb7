package build

import (
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/stratus-create-image/internal/recipe"
	"github.com/stratuslab/stratus/stratus-create-image/internal/seal"
)

// checkRecipe reads what is to be done to the guest.
func (p *plan) checkRecipe() (err error) {
	o := p.options
	r := recipe.Recipe{
		Repos: o.Repos, AllowUnsigned: o.Unsigned, HTTP: o.HTTP, Proxy: o.Proxy,
		Update: o.Update, Commands: o.Commands, Timeout: o.ScriptTimeout,
	}
	if err := recipe.CheckRepos(o.Repos); err != nil {
		return usage(err)
	}
	if r.Mirror, err = recipe.ParseMirror(o.Mirrors); err != nil {
		return usage(err)
	}
	if err := recipe.CheckProxy(o.Proxy); err != nil {
		return usage(err)
	}
	if r.Remove, err = recipe.ParsePackages(o.Remove); err != nil {
		return usage(err)
	}
	if r.Packages, r.Files, err = recipe.ParseInstalls(o.Packages); err != nil {
		return usage(err)
	}
	if o.Installer != "" {
		if r.Installer, err = recipe.ParseInstaller(o.Installer); err != nil {
			return usage(err)
		}
	}
	if err := readSteps(o, &r); err != nil {
		return usage(err)
	}
	if o.NoNetwork && r.NeedsRepos() {
		return fault.Usagef("packages cannot be installed without a network (--network none)")
	}
	p.recipe = r
	p.seal, err = seal.NewPlan(o.NoSeal, o.Exclude)
	return usage(err)
}

// readSteps reads scripts, copies and their variables.
func readSteps(o *Options, r *recipe.Recipe) error {
	for _, text := range o.Scripts {
		s, err := recipe.ParseScript(text)
		if err != nil {
			return err
		}
		r.Scripts = append(r.Scripts, s)
	}
	for _, text := range o.Copies {
		c, err := recipe.ParseCopy(text)
		if err != nil {
			return err
		}
		r.Copies = append(r.Copies, c)
	}
	for _, text := range o.Env {
		v, err := recipe.ParseEnv(text)
		if err != nil {
			return err
		}
		r.Variables = append(r.Variables, v)
	}
	return nil
}
