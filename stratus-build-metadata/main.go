// Command stratus-build-metadata writes the skeletal description of a virtual
// machine image: everything that can be known from the image itself, and what
// its options say of the rest. It can also start from an earlier description,
// to describe a new version of an image or to retire one. This package joins
// options, inputs and outputs; it must not know how images are read.
package main

import (
	"io"
	"os"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-build-metadata/internal/describe"
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
		Action: run,
	}
}

// run makes the description and writes it. What the user can correct comes up
// before the image is read.
func run(c *command.Call) error {
	j, err := newJob(c)
	if err != nil {
		return err
	}
	draft, err := j.readDraft(c)
	if err != nil {
		return err
	}
	now, err := command.Now() // not before the draft has come down a pipe
	if err != nil {
		return err
	}
	doc := j.Start(draft, now, c.Log)
	if err := j.tryOutput(c, doc); err != nil {
		return err
	}
	image, err := j.readImage(c)
	if err != nil {
		return err
	}
	if image != nil {
		j.SetImage(doc, image, now, c.Log)
	}
	if j.editor == nil {
		if err := doc.Check(metadata.Draft); err != nil {
			return report.BadInputf("checking the document: %w", err)
		}
	} else if doc, err = j.edit(c, doc, image, now); err != nil {
		return err
	}
	describe.Warn(doc, now, c.Log)
	text, err := doc.Bytes()
	if err != nil {
		return report.BadInputf("writing the document: %w", err)
	}
	if err = j.write(c, doc, text); err != nil && j.editor != nil {
		return keepEdited(text, err)
	}
	return err
}

// readDraft returns the document to start from, nil for none.
func (j *job) readDraft(c *command.Call) (*metadata.Document, error) {
	if j.draft == "" {
		return nil, nil
	}
	src, name, err := c.Read(j.draft, "a draft", metadata.MaxBytes)
	if err != nil {
		return nil, err
	}
	doc, err := metadata.Parse(src)
	if err != nil {
		return nil, report.BadInputf("reading the draft %q: %w", name, err)
	}
	return doc, nil
}

// readImage returns what there is to know of the image, nil for none.
func (j *job) readImage(c *command.Call) (*diskimage.Image, error) {
	if j.image == "" {
		return nil, nil
	}
	r, name, err := c.Open(j.image, "an image")
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	meter := c.Log.Meter("reading "+name, c.InputSize(j.image))
	defer func() { _ = meter.Close() }()
	return j.Read(c.Ctx, io.TeeReader(r, meter), name, c.Log)
}
