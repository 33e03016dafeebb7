package main

import (
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/build"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// outputFlags are the flags of readOutputs.
func outputFlags() []cli.Flag {
	return command.InCategory("Output",
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "save the image to `FILE`, in the format of its extension, .qcow2, .raw, .img, .vmdk, .vdi, .vhd, .vhdx or .ova, compressed if .gz, .bz2, .xz or .zst follows"},
		&cli.StringFlag{Name: "format", Usage: "save the disk as `FORMAT` (default: by the extension)"},
		&cli.StringFlag{Name: "qcow2-compression", Value: string(engine.ZstdClusters), Usage: "compress what a qcow2 image contains with `METHOD`: none, zlib or zstd, which QEMU reads from 5.1 on"},
		&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, Usage: "replace existing outputs"},
		&cli.StringFlag{Name: "metadata", Usage: "write the draft description to `FILE` (default: standard output)"},
		&cli.StringFlag{Name: "sbom", Usage: "write a list of the packages in the image to `FILE`: a software bill of materials, CycloneDX in JSON"},
	)
}

// readOutputs reads which files to make.
func readOutputs(c *command.Call, q *build.Request) (err error) {
	output := c.String("output")
	saving := !c.Bool("no-save") && !q.KeepRunning && (output != "" || !c.Bool("dry-run"))
	switch {
	case saving && output == "":
		return report.WithHint(report.Usagef("no output is named"), "add -o FILE, or --no-save to try things out")
	case q.KeepRunning && output != "":
		return report.WithHint(report.Usagef("a machine that is left running (--no-shutdown) cannot be saved to %q", output), "drop one of the two")
	case !saving && c.String("metadata") != "":
		return report.Usagef("nothing is saved that %q could describe", c.String("metadata"))
	case !saving && q.SBOM != "":
		return report.Usagef("nothing is saved whose packages %q could list", q.SBOM)
	case !saving:
		return nil
	}
	format := command.Parse(c, &err, "format", engine.ParseFormat)
	clusters := command.Parse(c, &err, "qcow2-compression", engine.ParseClusters)
	if err != nil {
		return err
	}
	if q.Target, err = engine.ParseTarget(output, format); err != nil {
		return c.Value("output").Wrap(err)
	}
	q.Target.Clusters = clusters
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
				return report.Usagef("the output %q is %s", f.name, before.what)
			}
		}
	}
	if c.String("sbom") == "-" {
		return report.Usagef("the list of packages (--sbom) goes to a file: standard output is for the description")
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
	return command.InCategory("Description",
		&cli.StringFlag{Name: "title", Usage: "set the title, one line, to `TITLE`"},
		&cli.StringFlag{Name: "comment", Usage: "set the description, a free `TEXT`"},
		&cli.StringFlag{Name: "author", Usage: "set the author to `NAME`"},
		&cli.StringFlag{Name: "author-email", Usage: "set the author's e-mail `ADDRESS`"},
		&cli.StringFlag{Name: "image-version", Usage: "set the `VERSION` of the image (default: the base's with its last number incremented, else 1.0)"},
		&cli.StringFlag{Name: "replaces", Usage: "name the older image that this one replaces by its identifier, `ID`"},
		&cli.StringFlag{Name: "base-metadata", Usage: "read the description of the base, signed or not, from `FILE`, and compare the base with it"},
	)
}

// readTexts reads how to describe the image.
func readTexts(c *command.Call, q *build.Request) (err error) {
	text := func(flag string) string { return command.Parse(c, &err, flag, build.ParseText) }
	q.Texts = build.Texts{
		Title: text("title"), Comment: text("comment"), Author: text("author"), AuthorEmail: text("author-email"), Version: text("image-version"),
	}
	q.OS = text("os")
	if c.String("replaces") != "" {
		q.Texts.Replaces = command.Parse(c, &err, "replaces", build.ParseIdentifier)
	}
	return err
}
