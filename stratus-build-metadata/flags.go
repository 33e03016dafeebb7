package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-build-metadata/internal/describe"
	"github.com/stratuslab/stratus/stratus-build-metadata/internal/edit"
)

// fields are the options that become the text of one element each.
var fields = []struct {
	flag  string
	term  metadata.Term
	parse func(string) (string, error)
	usage string
}{
	{"title", metadata.Title, describe.AnyText, "set the title, one `LINE` for listings"},
	{"comment", metadata.Description, describe.AnyText, "set the description, a free `TEXT` (dcterms:description)"},
	{"tag", metadata.Alternative, describe.AnyText, "set the tag, a short `NAME` by which the image can be found (dcterms:alternative)"},
	{"author", metadata.Creator, describe.AnyText, "set the author to `NAME`"},
	{"image-version", metadata.Version, describe.AnyText, "set the `VERSION` of the image"},
	{"os", metadata.OS, describe.AnyText, "set the operating system to `NAME`, such as debian"},
	{"os-version", metadata.OSVersion, describe.AnyText, "set the `VERSION` of the operating system"},
	{"os-arch", metadata.OSArch, describe.AnyText, "set the `ARCHITECTURE`, such as x86_64"},
	{"type", metadata.Type, describe.SomeText, "set the `TYPE` of the image, such as base or grid (default: base)"},
	{"kind", metadata.Kind, report.OneOf("machine", "disk"), "set the `KIND` of image: machine, which boots, or disk, which holds data (default: machine)"},
	{"hypervisor", metadata.Hypervisor, describe.AnyText, "set the `HYPERVISOR` that the image is made for (default: kvm)"},
	{
		"disks-bus", metadata.DisksBus, report.OneOf("ide", "scsi", "sata", "virtio"),
		"set the `BUS` of its disks, ide, scsi, sata or virtio (default: virtio)",
	},
	{"replaces", metadata.Replaces, describe.ParseIdentifier, "set the `IDENTIFIER` of the older image that this one replaces"},
	{"deprecated", metadata.Deprecated, describe.SomeText, "retire the image for this `REASON`"},
}

func flags() []cli.Flag {
	var what []cli.Flag
	for _, f := range fields {
		what = append(what, &cli.StringFlag{Name: f.flag, Usage: f.usage})
	}
	what = append(what,
		&cli.StringSliceFlag{Name: "location", Usage: "add a `URI` from which the image can be fetched"},
		&cli.StringFlag{Name: "valid-for", Usage: "set the validity of the description to `DAYS` from now (default: 180)"},
	)
	bytes := command.InCategory("What its bytes must be",
		&cli.StringFlag{Name: "format", Usage: "require the disk `FORMAT`: raw, qcow2, vmdk, vdi, vhd, vhdx or ova"},
		&cli.StringFlag{Name: "compression", Usage: "require the `COMPRESSION`: gz, bz2, xz, zst or none"},
		&cli.StringFlag{Name: "md5", Usage: "require the MD5 checksum, in `HEX` digits"},
		&cli.StringFlag{Name: "sha1", Usage: "require the SHA-1 checksum, in `HEX` digits"},
		&cli.StringFlag{Name: "sha256", Usage: "require the SHA-256 checksum, in `HEX` digits"},
		&cli.StringFlag{Name: "sha512", Usage: "require the SHA-512 checksum, in `HEX` digits"},
	)
	document := command.InCategory("Document",
		&cli.StringFlag{Name: "draft", Usage: "start from the document in `FILE`, or in standard input for \"-\"; IMAGE is optional then"},
		&cli.BoolFlag{Name: "edit", Usage: "open $VISUAL, $EDITOR or vi on the result before it is checked and written"},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE` instead of standard output"},
		&cli.BoolFlag{Name: "auto-name", Usage: "write to OS-VERSION-ARCH-TYPE-IMAGEVERSION.xml and print that name"},
		&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, Usage: "let --auto-name replace a file"},
	)
	return slices.Concat(command.InCategory("What the image is", what...), bytes, document)
}

// job is what is described, and where to.
type job struct {
	describe.Options
	image    string        // path, "-" for standard input, "" for none
	draft    string        // path, "-" for standard input, "" for none
	output   string        // path, "" and "-" for standard output
	autoName bool          // name the output after what is in it
	force    bool          // an automatic name may be one of an existing file
	editor   *edit.Session // for the user to change the result, nil for none
}

// newJob reads the flags, and checks all that can be checked before anything is
// read.
func newJob(c *command.Call) (*job, error) {
	j := &job{image: c.Args().First(), autoName: c.Bool("auto-name"), force: c.Bool("force")}
	var err error
	if j.draft, err = c.NamedPath("draft"); err != nil {
		return nil, err
	}
	if j.output, err = c.NamedPath("output"); err != nil {
		return nil, err
	}
	switch {
	case j.image == "" && j.draft == "":
		return nil, report.WithHint(report.Usagef("an argument is missing: IMAGE"), `name an image, "-" for one on standard input, or a --draft`)
	case j.autoName && j.output != "":
		return nil, report.Usagef("--auto-name and --output exclude each other")
	case j.image == "-" && j.draft == "-":
		return nil, report.WithHint(report.Usagef("both the image and the draft are to come from standard input"), "name a file for one of them")
	}
	for _, read := range []func(*command.Call) error{j.readFields, j.readBytes} {
		if err := read(c); err != nil {
			return nil, err
		}
	}
	if !j.autoName { // else checked when the name is known
		if err := c.CheckOverwrite(j.output, j.image, j.draft); err != nil {
			return nil, err
		}
	}
	if c.Bool("edit") {
		j.editor, err = newEditor(c)
	}
	return j, err
}

// readFields reads what the user says of the image.
func (j *job) readFields(c *command.Call) (err error) {
	for _, f := range fields {
		if !c.IsSet(f.flag) {
			continue
		}
		text := command.Parse(c, &err, f.flag, f.parse)
		switch {
		case err != nil:
			return err
		case c.Typed(f.flag):
			j.Fields = append(j.Fields, describe.Field{Term: f.term, Text: text})
		default:
			j.Author = text // the only setting
		}
	}
	j.Locations = command.ParseAll(c, &err, "location", describe.ParseLocation)
	if c.IsSet("valid-for") {
		j.ValidFor = command.Parse(c, &err, "valid-for", describe.ParseDays)
	}
	return err
}

// readBytes reads what the user takes the image for, and the checksums that it
// must have.
func (j *job) readBytes(c *command.Call) (err error) {
	if c.IsSet("format") {
		format := command.Parse(c, &err, "format", diskimage.ParseFormat)
		j.Format = &format
	}
	if c.IsSet("compression") {
		compression := command.Parse(c, &err, "compression", diskimage.ParseCompression)
		j.Compression = &compression
	}
	for _, a := range diskimage.Algorithms() {
		flag := strings.ToLower(strings.ReplaceAll(string(a), "-", ""))
		if !c.IsSet(flag) {
			continue
		}
		if j.image == "" && err == nil {
			err = c.Value(flag).Wrap(errors.New("there is no image to verify"))
			return report.WithHint(err, "name the image after the options")
		}
		*j.Want.Digest(a) = command.Parse(c, &err, flag, a.Parse)
	}
	return err
}
