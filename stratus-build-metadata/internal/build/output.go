package build

import (
	"fmt"
	"os"
	"time"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/metadata"
)

// checkInputs refuses to read standard input twice, and to write over what is
// read.
func (o Options) checkInputs(c *command.Call) error {
	if o.Image == "-" && o.Draft == "-" {
		return fault.WithHint(fault.Usagef("both the image and the draft are to come from standard input"), "name a file for one of them")
	}
	if o.AutoName {
		return nil // checked when the name is known
	}
	return o.checkOverwrite(c, o.Output)
}

// checkOverwrite refuses an output that is the image or the draft.
func (o Options) checkOverwrite(c *command.Call, output string) error {
	to, ok := regular(output, c.Out)
	for _, input := range []string{o.Image, o.Draft} {
		if input == "" || !ok {
			continue
		}
		if from, ok := regular(input, c.In); ok && os.SameFile(from, to) {
			return fault.WithHint(fault.Usagef("reading and writing the same file, %q", to.Name()), "write to another file")
		}
	}
	return nil
}

// regular gives what is known of the named file, or of the stream that "" and
// "-" stand for, if it is a regular file.
func regular(name string, stream any) (os.FileInfo, bool) {
	var info os.FileInfo
	var err error
	if name != "" && name != "-" {
		info, err = os.Stat(name)
	} else if f, ok := stream.(*os.File); ok {
		info, err = f.Stat()
	}
	return info, err == nil && info != nil && info.Mode().IsRegular()
}

// tryOutput makes sure, before the long work, that the output file can be
// made. After an edit it may get another name.
func (o Options) tryOutput(c *command.Call, doc *metadata.Document) error {
	name := o.Output
	switch {
	case o.AutoName && o.Edit:
		return nil
	case o.AutoName:
		var err error
		if name, err = o.autoName(c, doc); err != nil {
			return err
		}
	default:
		return files.TryOutput(name)
	}
	p, err := files.CreatePending(name, o.Force)
	if err != nil {
		return err
	}
	p.Discard()
	return nil
}

// autoName gives the name that the document suggests, unless it is the name of
// what is read.
func (o Options) autoName(c *command.Call, doc *metadata.Document) (string, error) {
	name, err := suggestName(doc)
	if err != nil {
		return "", err
	}
	return name, o.checkOverwrite(c, name)
}

// write puts the document where the user wants it, and prints a name that the
// user does not know.
func (o Options) write(c *command.Call, doc *metadata.Document) error {
	text, err := render(doc)
	if err != nil {
		return err
	}
	if !o.AutoName {
		return c.WriteProduct(o.Output, text)
	}
	name, err := o.autoName(c, doc)
	if err != nil {
		return err
	}
	p, err := files.CreatePending(name, o.Force)
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
	if _, err := fmt.Fprintln(c.Out, name); err != nil {
		return fmt.Errorf("writing to standard output: %w", err)
	}
	return nil
}

// render gives the document as it is written.
func render(doc *metadata.Document) ([]byte, error) {
	text, err := doc.Bytes()
	if err != nil {
		return nil, fault.BadInputf("writing the document: %w", err)
	}
	return text, nil
}

// warn tells of what is allowed but hardly meant.
func warn(c *command.Call, doc *metadata.Document, now time.Time) {
	if len(doc.Texts(metadata.Location)) == 0 {
		c.Log.Warnf("the document names no location, so nobody can fetch the image: upload it, and add --location URI")
	}
	if valid, err := metadata.ParseTime(doc.Text(metadata.Valid)); err == nil && !valid.After(now) {
		c.Log.Warnf("the document was valid until %s only, and will be listed as expired: add --valid-for DAYS", doc.Text(metadata.Valid))
	}
}
