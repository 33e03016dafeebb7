package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/strictxml"
	"github.com/stratuslab/stratus/stratus-build-metadata/internal/build"
)

// options makes of the flags what build needs. Every error is one of usage and
// names the option.
func options(c *command.Call) (build.Options, error) {
	o := build.Options{
		Image: c.Args().First(), Draft: c.String("draft"),
		Locations: c.StringSlice("location"),
		Edit:      c.Bool("edit"), Output: c.String("output"), AutoName: c.Bool("auto-name"), Force: c.Bool("force"),
	}
	if o.Image == "" && o.Draft == "" {
		return o, fault.WithHint(fault.Usagef("an argument is missing: IMAGE"), `name an image, "-" for one on standard input, or a --draft`)
	}
	for _, flag := range []string{"draft", "output"} {
		if c.IsSet(flag) && c.String(flag) == "" {
			return o, errFlag(flag, "", errors.New("it is empty"))
		}
	}
	if o.AutoName && c.IsSet("output") {
		return o, fault.Usagef("--auto-name and --output exclude each other")
	}
	for _, read := range []func(*command.Call, *build.Options) error{readFields, readLocations, readValidity, readNature, readChecksums} {
		if err := read(c, &o); err != nil {
			return o, err
		}
	}
	return o, nil
}

// errFlag says what is wrong with the value of an option.
func errFlag(flag, value string, err error) error {
	return fault.Usagef("reading --%s=%q: %w", flag, value, err)
}

// readFields reads the options that end as the text of one element each.
func readFields(c *command.Call, o *build.Options) error {
	fields := []struct {
		flag  string
		term  metadata.Term
		check func(string) error
	}{
		{"title", metadata.Title, anything},
		{"comment", metadata.Description, anything},
		{"tag", metadata.Alternative, anything},
		{"author", metadata.Creator, anything},
		{"image-version", metadata.Version, anything},
		{"os", metadata.OS, anything},
		{"os-version", metadata.OSVersion, anything},
		{"os-arch", metadata.OSArch, anything},
		{"type", metadata.Type, something},
		{"kind", metadata.Kind, oneOf("machine", "disk")},
		{"hypervisor", metadata.Hypervisor, anything},
		{"disks-bus", metadata.DisksBus, oneOf("ide", "scsi", "sata", "virtio")},
		{"replaces", metadata.Replaces, identifier},
		{"deprecated", metadata.Deprecated, something},
	}
	for _, f := range fields {
		value := c.String(f.flag)
		if !c.IsSet(f.flag) {
			continue
		}
		if !strictxml.ValidText(value) {
			return errFlag(f.flag, value, errCharacters)
		}
		if err := f.check(value); err != nil {
			return errFlag(f.flag, value, err)
		}
		if c.Typed(f.flag) {
			o.Fields = append(o.Fields, build.Field{Term: f.term, Text: value})
		}
	}
	if !c.Typed("author") {
		o.Author = c.String("author")
	}
	return nil
}

func readLocations(_ *command.Call, o *build.Options) error {
	for _, value := range o.Locations {
		if err := location(value); err != nil {
			return errFlag("location", value, err)
		}
	}
	return nil
}

func readValidity(c *command.Call, o *build.Options) error {
	value := c.String("valid-for")
	if !c.IsSet("valid-for") {
		return nil
	}
	var err error
	if o.ValidFor, err = days(value); err != nil {
		return errFlag("valid-for", value, err)
	}
	return nil
}

// readNature reads what the user takes the image for.
func readNature(c *command.Call, o *build.Options) error {
	if value := c.String("format"); c.IsSet("format") {
		format, err := diskimage.ParseFormat(value)
		if err != nil {
			return errFlag("format", value, err)
		}
		o.Format = &format
	}
	if value := c.String("compression"); c.IsSet("compression") {
		kind, err := diskimage.ParseCompression(value)
		if err != nil {
			return errFlag("compression", value, err)
		}
		o.Compression = &kind
	}
	return nil
}

// readChecksums reads the checksums that the image must have.
func readChecksums(c *command.Call, o *build.Options) error {
	for _, a := range diskimage.Algorithms() {
		flag := strings.ToLower(strings.ReplaceAll(string(a), "-", ""))
		value := c.String(flag)
		if !c.IsSet(flag) {
			continue
		}
		if o.Image == "" {
			return fault.WithHint(errFlag(flag, value, errors.New("there is no image to verify")), "name the image after the options")
		}
		var err error
		*o.Checksums.Digest(a), err = a.Parse(value)
		if err != nil {
			return errFlag(flag, value, err)
		}
	}
	return nil
}

// oneOf makes a check for one of a few words.
func oneOf(words ...string) func(string) error {
	return func(value string) error {
		if !slices.Contains(words, value) {
			return fmt.Errorf("one of %s is expected", strings.Join(words, ", "))
		}
		return nil
	}
}
