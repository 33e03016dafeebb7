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
		baseFlags(), reuseFlags(), command.TrustFlags(baseCategory), notifyFlags(), command.EndpointFlags())
}

// settings are the flags that the environment and the user's configuration
// file may set; two of them have the original's names.
func settings() []command.Setting {
	return slices.Concat(
		command.SettingsFor("author", "author-email", "cpu", "ram", "accel", "network", "ssh-user", "vm-start-timeout", "script-timeout", "cache-size",
			"qcow2-compression", "context", "disks-bus", "firmware", "package-proxy"),
		[]command.Setting{
			{Flag: "type", Env: "STRATUSLAB_INSTANCE_TYPE", Key: "instance_type"},
			{Flag: "key", Env: "STRATUSLAB_KEY", Key: "user_public_key_file"},
		},
		command.EndpointSettings(), command.TrustSettings(), command.CredentialSettings(), notifySettings())
}
