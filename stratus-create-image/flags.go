package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/seal"
)

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

func flags() []cli.Flag {
	text := func(category, name, alias, usage string) *cli.StringFlag {
		f := &cli.StringFlag{Name: name, Usage: usage, Category: category}
		if alias != "" {
			f.Aliases = []string{alias}
		}
		return f
	}
	list := func(category, name, alias, usage string) *cli.StringSliceFlag {
		f := &cli.StringSliceFlag{Name: name, KeepSpace: true, Usage: usage + " (repeatable)", Category: category}
		if alias != "" {
			f.Aliases = []string{alias}
		}
		return f
	}
	value := func(f *cli.StringFlag, value string) *cli.StringFlag { f.Value = value; return f }
	yes := func(category, name, usage string) *cli.BoolFlag {
		return &cli.BoolFlag{Name: name, Usage: usage, Category: category}
	}
	const output, change, describe, vm, trouble = "Output", "Customization", "Description", "Machine", "Trying out and debugging"
	const base = "Base image"
	force := yes(output, "force", "replace an existing output")
	force.Aliases = []string{"f"}
	own := []cli.Flag{
		text(output, "output", "o", "save the image to `FILE`: .qcow2, .raw, .img, .vmdk, .vdi, .vhd, .vhdx or .ova, then .gz, .bz2, .xz or .zst to compress it"),
		text(output, "format", "", "save the disk as `FORMAT`, whatever the extension says"),
		force,
		text(output, "metadata", "", "write the draft description to `FILE` (default: standard output)"),
		text(output, "sbom", "", "write a list of the packages in the image to `FILE`: a software bill of materials, CycloneDX in JSON"),
		list(output, "no-seal", "", "leave `ITEM` in the image: "+strings.Join(seal.Names(), ", ")),
		list(output, "exclude", "", "remove `PATH` from the image; shell patterns match"),

		yes(change, "update", "bring all packages up to date, before others are removed and installed"),
		list(change, "remove", "", "remove `PACKAGES`, separated by commas"),
		list(change, "packages", "a", "install `PACKAGES`, separated by commas: names, or local files such as ./x.deb"),
		list(change, "scripts", "s", "run the local `SCRIPT` in the machine: a path, or \"path arg arg\", quoted as in a shell"),
		list(change, "copy", "", "copy a file or directory, as `LOCAL:REMOTE`, before anything else"),
		list(change, "run", "", "run `COMMAND` in the machine's shell, after the scripts"),
		list(change, "env", "", "set a variable for scripts and commands: `NAME=VALUE`, or NAME to pass on our own"),
		list(change, "extra-os-repos", "", "add the package repository `REPO`: \"[key=KEY] URL WORD...\", KEY being a local file or an https URL, and the words SUITE COMPONENT... for apt, perhaps the URL of a key for dnf, yum and zypper, none for apk, NAME for pacman"),
		yes(change, "allow-unsigned-repos", "take packages from an --extra-os-repos without a key unverified"),
		list(change, "apt-mirror", "", "while the image is made, use `[OLD=]URL` in place of apt's archive OLD, or of those that end with the same name"),
		text(change, "package-proxy", "", "while the image is made, packages come through the proxy at `URL`"),
		text(change, "os", "", "take the guest's operating system for `ID`"),
		text(change, "installer", "", "install with `NAME`: apt, dnf, yum, zypper, apk or pacman (default: what the operating system has)"),

		text(describe, "title", "", "describe the image as `TITLE`"),
		text(describe, "comment", "", "describe the image in more words: `TEXT`"),
		text(describe, "author", "", "the author's `NAME`"),
		text(describe, "author-email", "", "the author's e-mail `ADDRESS`"),
		text(describe, "image-version", "", "the new image's `VERSION` (default: the base's, its last number plus 1)"),
		text(describe, "replaces", "", "the image takes the place of the one with the identifier `ID`"),
		text(describe, "base-metadata", "", "`FILE` that describes the base, signed or not: it is checked, and its version counted up"),

		value(text(vm, "type", "t", "instance `TYPE`: t1.micro, m1.small, m1.medium, m1.large, m1.xlarge, c1.medium, c1.xlarge, or one of your configuration"), engine.DefaultType),
		&cli.IntFlag{Name: "cpu", Usage: "`NUMBER` of processors (default: the type's)", Category: vm},
		&cli.IntFlag{Name: "ram", Usage: "memory in `MIB` (default: the type's)", Category: vm},
		text(vm, "disk-size", "", "grow the disk to `SIZE`, such as 20G"),
		value(text(vm, "accel", "", "run the processor with `ACCEL`: auto, kvm or tcg"), "auto"),
		value(text(vm, "network", "", "what the machine reaches, `NETWORK`: user (through this host) or none"), "user"),
		value(text(vm, "ssh-user", "", "log in as `USER`, made with sudo rights if it is not root"), "root"),
		text(vm, "key", "k", "let the public key in `FILE` in as well, while the image is made"),
		value(text(vm, "context", "", "tell the machine by `SCHEME`: auto, cloud-init, nocloud, config-drive, opennebula, stratuslab, hepix or none; with --print-context also cloud-init-v1"), "auto"),
		list(vm, "user-data", "", "hand the machine user data: a `FILE`, or TYPE,FILE"),
		list(vm, "context-var", "", "set a variable in the machine's context: `NAME=VALUE`"),
		yes(vm, "print-context", "print the context for use with any cloud, and do nothing else; with -o, as files in a directory of that name"),
		value(text(vm, "disks-bus", "", "attach the disks by `BUS`: auto (virtio, then the next where that fails), virtio, scsi, ide or sata"), "auto"),
		value(text(vm, "firmware", "", "start the machine by `FIRMWARE`: auto (by what is on the disk), bios or uefi"), "auto"),
		value(text(vm, "vm-start-timeout", "", "wait at most `SECONDS` for the login; 10m and such work, too"), "600"),
		value(text(vm, "script-timeout", "", "wait at most `SECONDS` for each copy, run of the package manager, script and command; 0 for ever"), "3600"),

		yes(trouble, "list-seal", "print what is removed from every image, and do nothing else"),
		yes(trouble, "dry-run", "print the plan and QEMU's command line, and do nothing"),
		yes(trouble, "no-save", "do everything else, then throw the machine away"),
		yes(trouble, "no-shutdown", "leave the machine running, unsealed and unsaved; print its directory"),
		yes(trouble, "keep-on-failure", "leave the machine running when something fails"),

		text(base, "base-sha256", "", "the base is the file or URL with the SHA-256 digest `HEX`"),
		yes(base, "allow-deprecated", "use a base although whoever signed its description deprecates it"),
		yes(base, "allow-expired", "use a base although its description has expired"),
		yes(base, "insecure-no-trust", "use a base whoever signed its description, which anybody can; image policies still apply"),
		value(text(base, "cache-size", "", "keep at most `SIZE` of downloaded images, such as 20G"), "20G"),
		yes(base, "no-cache", "download the base for this run only"),
	}
	return slices.Concat(own, command.TrustFlags(base), notifyFlags(), command.EndpointFlags())
}
