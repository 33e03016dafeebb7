// Command stratus-build-metadata writes the skeletal description of a virtual
// machine image: everything that can be known from the image itself, and what
// its options say of the rest. It can also start from an earlier description,
// to describe a new version of an image or to retire one. It neither signs nor
// publishes.
package main

import (
	"os"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/stratus-build-metadata/internal/build"
)

func main() { os.Exit(command.Main(program())) }

func program() *command.Program {
	return &command.Program{
		Name:     "stratus-build-metadata",
		Summary:  "describe a virtual machine image",
		Args:     "IMAGE",
		MaxArgs:  1,
		Flags:    flags(),
		Settings: command.SettingsFor("author"),
		Examples: []string{
			"stratus-build-metadata --title 'Web server' --location https://example.org/web.qcow2 web.qcow2",
			"xz -dc disk.img.xz | stratus-build-metadata -o disk.xml -",
			"stratus-build-metadata --draft old.xml --image-version 1.1 --replaces OLD-IDENTIFIER new.qcow2",
			"curl -s ENTRY | stratus-build-metadata --draft - --deprecated 'CVE-2025-0001' -o retired.xml",
		},
		Action: func(c *command.Call) error {
			options, err := options(c)
			if err != nil {
				return err
			}
			return build.Run(c, options)
		},
	}
}

func flags() []cli.Flag {
	const what, bytes, document = "What the image is", "What its bytes must be", "Document"
	text := func(category, name, usage string) cli.Flag {
		return &cli.StringFlag{Name: name, Usage: usage, Category: category}
	}
	flag := func(category, name, usage string, aliases ...string) cli.Flag {
		return &cli.BoolFlag{Name: name, Aliases: aliases, Usage: usage, Category: category}
	}
	return []cli.Flag{
		text(what, "title", "one `LINE` for listings"),
		text(what, "comment", "a free `TEXT` about the image (dcterms:description)"),
		text(what, "tag", "a short `NAME` by which the image can be found (dcterms:alternative)"),
		text(what, "author", "the `NAME` of who made the image"),
		text(what, "image-version", "the `VERSION` of the image"),
		text(what, "os", "the operating system's `NAME`, such as debian"),
		text(what, "os-version", "the operating system's `VERSION`"),
		text(what, "os-arch", "the `ARCHITECTURE`, such as x86_64"),
		text(what, "type", "the `TYPE` of the image, such as base or grid (default: base)"),
		text(what, "kind", "the `KIND` of disk: machine or disk (default: machine)"),
		text(what, "hypervisor", "the `HYPERVISOR` the image is made for (default: kvm)"),
		text(what, "disks-bus", "the `BUS` of its disks: ide, scsi, sata or virtio (default: virtio)"),
		&cli.StringSliceFlag{Name: "location", Usage: "a `URI` from which the image can be fetched; may be repeated", Category: what},
		text(what, "valid-for", "the number of `DAYS` for which the description is good (default: 180)"),
		text(what, "replaces", "the `IDENTIFIER` of the older image that this one replaces"),
		text(what, "deprecated", "retire the image for this `REASON`"),
		text(bytes, "format", "the disk `FORMAT`: raw, qcow2, vmdk, vdi, vhd, vhdx or ova (default: found out)"),
		text(bytes, "compression", "the `COMPRESSION`: gz, bz2, xz, zst or none (default: found out)"),
		text(bytes, "md5", "the MD5 checksum, in `HEX` digits"),
		text(bytes, "sha1", "the SHA-1 checksum, in `HEX` digits"),
		text(bytes, "sha256", "the SHA-256 checksum, in `HEX` digits"),
		text(bytes, "sha512", "the SHA-512 checksum, in `HEX` digits"),
		text(document, "draft", "start from the document in `FILE`, \"-\" for standard input; IMAGE may be left out then"),
		flag(document, "edit", "open $VISUAL, $EDITOR or vi on the result before it is checked and written"),
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE` instead of standard output", Category: document},
		flag(document, "auto-name", "write to OS-VERSION-ARCH-TYPE-IMAGEVERSION.xml and print that name"),
		flag(document, "force", "let --auto-name replace a file", "f"),
	}
}
