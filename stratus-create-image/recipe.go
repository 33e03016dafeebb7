package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/recipe"
	"github.com/stratuslab/stratus/stratus-create-image/internal/seal"
)

// recipeFlags are the flags of readRecipe, and the guest's operating system.
func recipeFlags() []cli.Flag {
	return command.InCategory("Customization",
		&cli.BoolFlag{Name: "update", Usage: "update all packages, before others are removed and installed"},
		&cli.StringSliceFlag{Name: "remove", Usage: "remove `PACKAGES`, separated by commas"},
		&cli.StringSliceFlag{Name: "packages", Aliases: []string{"a"}, Usage: "install `PACKAGES`, separated by commas: names, or local files such as ./x.deb"},
		&cli.StringSliceFlag{Name: "scripts", Aliases: []string{"s"}, Usage: "run the local `SCRIPT` in the machine: a path, or \"path arg arg\", quoted as in a shell"},
		&cli.StringSliceFlag{Name: "copy", Usage: "copy a file or directory to the machine, as `LOCAL:REMOTE`, before anything else"},
		&cli.StringSliceFlag{Name: "run", Usage: "run `COMMAND` in the machine with sh, after the scripts"},
		&cli.StringSliceFlag{Name: "env", Usage: "set a variable for scripts and commands, as `NAME=VALUE`; NAME alone takes its value from the environment"},
		&cli.StringSliceFlag{Name: "extra-os-repos", Usage: "add the package repository `REPO`: \"[key=KEY] URL WORD...\", where KEY is a local file or an https URL, and the words are SUITE COMPONENT... for apt, none or the URL of a key for dnf, yum and zypper, none for apk, NAME for pacman"},
		&cli.BoolFlag{Name: "allow-unsigned-repos", Usage: "install unverified packages from an --extra-os-repos without a key"},
		&cli.StringSliceFlag{Name: "apt-mirror", Usage: "use a mirror while the image is made, as `[OLD=]URL`: URL in place of apt's archive OLD, or of the archives whose URLs end with the same name"},
		&cli.StringFlag{Name: "package-proxy", Usage: "download packages through the proxy at `URL` while the image is made"},
		&cli.StringFlag{Name: "os", Usage: "treat the guest's operating system as `ID`, an ID of os-release(5)"},
		&cli.StringFlag{Name: "installer", Usage: "install with the package manager `NAME`: apt, dnf, yum, zypper, apk or pacman (default: that of the operating system)"},
	)
}

// readRecipe returns what is to be done to the guest.
func readRecipe(c *command.Call) (r recipe.Recipe, err error) {
	r = recipe.Recipe{
		Timeout:       command.Parse(c, &err, "script-timeout", parseDuration),
		Copies:        command.ParseAll(c, &err, "copy", recipe.ParseCopy),
		Repos:         command.ParseAll(c, &err, "extra-os-repos", recipe.ParseRepo),
		AllowUnsigned: c.Bool("allow-unsigned-repos"),
		Mirrors:       command.ParseAll(c, &err, "apt-mirror", recipe.ParseMirror),
		Update:        c.Bool("update"),
		Remove:        slices.Concat(command.ParseAll(c, &err, "remove", recipe.ParseNames)...),
		Packages:      slices.Concat(command.ParseAll(c, &err, "packages", recipe.ParsePackages)...),
		Scripts:       command.ParseAll(c, &err, "scripts", recipe.ParseScript),
		Commands:      c.StringSlice("run"),
	}
	if c.String("installer") != "" {
		r.Installer = command.Parse(c, &err, "installer", recipe.ParseInstaller)
	}
	if err != nil {
		return r, err
	}
	// The errors about these two quote no values, which may be secret.
	if v := c.Value("package-proxy"); v.Text != "" {
		if r.Proxy, err = recipe.ParseProxy(v.Text); err != nil {
			return r, report.Usagef("reading %s: %w", v.Name, err)
		}
	}
	for _, text := range c.StringSlice("env") {
		v, err := recipe.ParseVariable(text)
		if err != nil {
			return r, report.Usagef("reading --env: %w", err)
		}
		r.Variables = append(r.Variables, v)
	}
	return r, nil
}

// sealFlags are the flags of readSeal.
func sealFlags() []cli.Flag {
	return command.InCategory("Output",
		&cli.StringSliceFlag{Name: "no-seal", Usage: "leave `ITEM` in the image: " + strings.Join(seal.Names(), ", ")},
		&cli.StringSliceFlag{Name: "exclude", Usage: "remove `PATH`, an absolute path or shell pattern, from the image"},
	)
}

// readSeal returns what is to be removed from the image.
func readSeal(c *command.Call) (plan *seal.Plan, err error) {
	plan = seal.NewPlan(command.ParseAll(c, &err, "no-seal", seal.ParseItem), command.ParseAll(c, &err, "exclude", seal.ParsePath))
	return plan, err
}
