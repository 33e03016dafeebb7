package main

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/report"
)

// tryOutput makes sure, before the long work, that the output file can be
// made. After an edit it may get another name.
func (j *job) tryOutput(c *command.Call, doc *metadata.Document) error {
	switch {
	case !j.autoName:
		return files.TryOutput(j.output)
	case j.editor != nil:
		return nil
	}
	p, _, err := j.createNamed(c, doc)
	if err == nil {
		p.Discard()
	}
	return err
}

// createNamed starts the output under the name that the document suggests.
func (j *job) createNamed(c *command.Call, doc *metadata.Document) (p *files.Pending, name string, err error) {
	if name, err = suggestName(doc); err != nil {
		return nil, "", err
	}
	if err := c.CheckOverwrite(name, j.image, j.draft); err != nil {
		return nil, "", err
	}
	p, err = files.CreatePending(name, j.force)
	return p, name, err
}

// write writes the document to where the user wants it, and prints a name that
// the user does not know.
func (j *job) write(c *command.Call, doc *metadata.Document, text []byte) error {
	if !j.autoName {
		return c.WriteProduct(j.output, text)
	}
	p, name, err := j.createNamed(c, doc)
	if err != nil {
		return err
	}
	defer p.Discard()
	if _, err := p.File.Write(text); err != nil {
		return fmt.Errorf("writing %q: %w", name, err)
	}
	if err := p.Commit(); err != nil {
		return err
	}
	return c.WriteProduct("", []byte(name+"\n"))
}

// suggestName returns the name that a document suggests for its file:
// OS-VERSION-ARCHITECTURE-TYPE-IMAGEVERSION.xml. It is one line and stays in
// the directory.
func suggestName(doc *metadata.Document) (string, error) {
	parts := []struct {
		flag string
		term metadata.Term
	}{
		{"os", metadata.OS},
		{"os-version", metadata.OSVersion},
		{"os-arch", metadata.OSArch},
		{"type", metadata.Type},
		{"image-version", metadata.Version},
	}
	var texts []string
	for _, p := range parts {
		text := doc.Text(p.term)
		if err := checkNamePart(text); err != nil {
			return "", report.WithHint(report.Usagef("naming the file: %s %q %w", p.term, text, err), "give another --%s, or -o FILE", p.flag)
		}
		texts = append(texts, text)
	}
	name := strings.Join(texts, "-") + ".xml"
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "-") {
		return "", report.WithHint(report.Usagef("naming the file: %q would be hidden or look like an option", name), "give another --os, or -o FILE")
	}
	return name, nil
}

func checkNamePart(text string) error {
	switch {
	case text == "":
		return errors.New("is missing")
	case strings.ContainsAny(text, `/\`):
		return errors.New("holds a path separator")
	case strings.ContainsFunc(text, unicode.IsControl):
		return errors.New("holds a control character")
	}
	return nil
}
