package main

import (
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/strictxml"
	"github.com/stratuslab/stratus/stratus-create-image/internal/build"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// outputFlags are the flags of readOutputs.
func outputFlags() []cli.Flag {
	const output = "Output"
	force := yes(output, "force", "replace an existing output")
	force.Aliases = []string{"f"}
	return []cli.Flag{
		text(output, "output", "o", "save the image to `FILE`: .qcow2, .raw, .img, .vmdk, .vdi, .vhd, .vhdx or .ova, then .gz, .bz2, .xz or .zst to compress it"),
		text(output, "format", "", "save the disk as `FORMAT`, whatever the extension says"),
		force,
		text(output, "metadata", "", "write the draft description to `FILE` (default: standard output)"),
		text(output, "sbom", "", "write a list of the packages in the image to `FILE`: a software bill of materials, CycloneDX in JSON"),
	}
}

// readOutputs reads which files to make.
func readOutputs(c *command.Call, q *build.Request) (err error) {
	output := c.String("output")
	saving := !c.Bool("no-save") && !q.KeepRunning && (output != "" || !c.Bool("dry-run"))
	switch {
	case saving && output == "":
		return fault.WithHint(fault.Usagef("no output is named"), "add -o FILE, or --no-save to try things out")
	case q.KeepRunning && output != "":
		return fault.WithHint(fault.Usagef("a machine that is left running (--no-shutdown) cannot be saved to %q", output), "drop one of the two")
	case !saving && c.String("metadata") != "":
		return fault.Usagef("nothing is saved that %q could describe", c.String("metadata"))
	case !saving && q.SBOM != "":
		return fault.Usagef("nothing is saved whose packages %q could list", q.SBOM)
	case !saving:
		return nil
	}
	var format diskimage.Format
	if c.String("format") != "" {
		if format, err = command.Parse(c, "format", engine.ParseFormat); err != nil {
			return err
		}
	}
	if q.Target, err = engine.ParseTarget(output, format); err != nil {
		return c.Value("output").Wrap(err)
	}
	return checkNames(c)
}

// checkNames refuses files that are to be two things.
func checkNames(c *command.Call) error {
	files := []struct{ name, what string }{
		{c.Args().First(), "the base image itself"}, {c.String("base-metadata"), "the base's description"},
		{c.String("output"), "the image"}, {c.String("sbom"), "the list of its packages"}, {c.String("metadata"), "its description"},
	}
	for i, f := range files {
		for _, before := range files[:i] {
			if i > 1 && f.name != "" && f.name != "-" && sameFile(f.name, before.name) {
				return fault.Usagef("the output %q is %s", f.name, before.what)
			}
		}
	}
	if c.String("sbom") == "-" {
		return fault.Usagef("the list of packages (--sbom) goes to a file: standard output is for the description")
	}
	return nil
}

func sameFile(a, b string) bool {
	if b != "" && filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	first, errFirst := os.Stat(a)
	second, errSecond := os.Stat(b)
	return errFirst == nil && errSecond == nil && os.SameFile(first, second)
}

// textFlags are the flags of readTexts, and the base's description.
func textFlags() []cli.Flag {
	const describe = "Description"
	return []cli.Flag{
		text(describe, "title", "", "describe the image as `TITLE`"),
		text(describe, "comment", "", "describe the image in more words: `TEXT`"),
		text(describe, "author", "", "the author's `NAME`"),
		text(describe, "author-email", "", "the author's e-mail `ADDRESS`"),
		text(describe, "image-version", "", "the new image's `VERSION` (default: the base's, its last number plus 1)"),
		text(describe, "replaces", "", "the image takes the place of the one with the identifier `ID`"),
		text(describe, "base-metadata", "", "`FILE` that describes the base, signed or not: it is checked, and its version counted up"),
	}
}

// readTexts reads how to describe the image.
func readTexts(c *command.Call, q *build.Request) error {
	for _, flag := range []string{"title", "comment", "author", "author-email", "image-version", "os"} {
		if text := c.String(flag); !strictxml.ValidText(text) {
			return fault.Usagef("reading --%s %q: not a valid text: it has characters that XML forbids", flag, text)
		}
	}
	q.Texts = build.Texts{
		Title: c.String("title"), Comment: c.String("comment"), Author: c.String("author"), AuthorEmail: c.String("author-email"),
		Version: c.String("image-version"), Replaces: c.String("replaces"),
	}
	if _, err := metadata.DecodeIdentifier(q.Texts.Replaces); q.Texts.Replaces != "" && err != nil {
		return fault.Usagef("reading --replaces %q: not a valid identifier: %w", q.Texts.Replaces, err)
	}
	return nil
}
