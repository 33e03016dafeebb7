package main

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
)

// flags are those of every concern, in the order of the help.
func flags() []cli.Flag {
	return slices.Concat(
		outputFlags(), sealFlags(), recipeFlags(), textFlags(), sizeFlags(), contextFlags(), hardwareFlags(), tryFlags(),
		baseFlags(), command.TrustFlags(baseCategory), notifyFlags(), command.EndpointFlags())
}

// settings are the flags that the environment and the user's configuration
// file may set; two of them have the original's names.
func settings() []command.Setting {
	return slices.Concat(
		command.SettingsFor("author", "author-email", "cpu", "ram", "accel", "network", "ssh-user", "vm-start-timeout", "script-timeout", "cache-size",
			"context", "disks-bus", "firmware", "package-proxy"),
		[]command.Setting{
			{Flag: "type", Env: "STRATUSLAB_INSTANCE_TYPE", Key: "instance_type"},
			{Flag: "key", Env: "STRATUSLAB_KEY", Key: "user_public_key_file"},
		},
		command.EndpointSettings(), command.TrustSettings(), command.CredentialSettings(), notifySettings())
}

// text returns a flag with one value; alias may be empty.
func text(category, name, alias, usage string) *cli.StringFlag {
	f := &cli.StringFlag{Name: name, Usage: usage, Category: category}
	if alias != "" {
		f.Aliases = []string{alias}
	}
	return f
}

// list returns a flag that may be repeated.
func list(category, name, alias, usage string) *cli.StringSliceFlag {
	f := &cli.StringSliceFlag{Name: name, KeepSpace: true, Usage: usage + " (repeatable)", Category: category}
	if alias != "" {
		f.Aliases = []string{alias}
	}
	return f
}

// value returns the flag with a default.
func value(f *cli.StringFlag, value string) *cli.StringFlag { f.Value = value; return f }

// yes returns a switch.
func yes(category, name, usage string) *cli.BoolFlag {
	return &cli.BoolFlag{Name: name, Usage: usage, Category: category}
}
