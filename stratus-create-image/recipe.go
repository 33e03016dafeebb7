package main

import (
	"slices"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/stratus-create-image/internal/recipe"
	"github.com/stratuslab/stratus/stratus-create-image/internal/seal"
)

// parser turns flags into typed values and keeps the first error.
type parser struct {
	call *command.Call
	err  error
}

// each returns the values of a flag that may be repeated.
func each[T any](p *parser, flag string, parse func(string) (T, error)) (all []T) {
	if p.err == nil {
		all, p.err = command.ParseAll(p.call, flag, parse)
	}
	return all
}

// readRecipe returns what is to be done to the guest.
func readRecipe(c *command.Call) (recipe.Recipe, error) {
	timeout, err := parseDuration("script-timeout", c.String("script-timeout"))
	p := &parser{c, err}
	r := recipe.Recipe{
		Copies:        each(p, "copy", recipe.ParseCopy),
		Repos:         each(p, "extra-os-repos", recipe.ParseRepo),
		AllowUnsigned: c.Bool("allow-unsigned-repos"),
		Mirrors:       each(p, "apt-mirror", recipe.ParseMirror),
		Update:        c.Bool("update"),
		Remove:        slices.Concat(each(p, "remove", recipe.ParseNames)...),
		Packages:      slices.Concat(each(p, "packages", recipe.ParsePackages)...),
		Scripts:       each(p, "scripts", recipe.ParseScript),
		Commands:      c.StringSlice("run"),
		Timeout:       timeout,
	}
	if p.err == nil && c.String("installer") != "" {
		r.Installer, p.err = command.Parse(c, "installer", recipe.ParseInstaller)
	}
	if v := c.Value("package-proxy"); p.err == nil && v.Text != "" {
		if r.Proxy, err = recipe.ParseProxy(v.Text); err != nil {
			p.err = fault.Usagef("reading %s: %w", v.Name, err)
		}
	}
	for _, text := range c.StringSlice("env") {
		v, err := recipe.ParseVariable(text)
		if err != nil && p.err == nil {
			p.err = fault.Usagef("reading --env: %w", err)
		}
		r.Variables = append(r.Variables, v)
	}
	return r, p.err
}

// readSeal returns what is to be removed from the image.
func readSeal(c *command.Call) (*seal.Plan, error) {
	p := &parser{call: c}
	plan := seal.NewPlan(each(p, "no-seal", seal.ParseItem), each(p, "exclude", seal.ParsePath))
	return plan, p.err
}
