// Package build makes a metadata document of an image, of a draft and of what
// the user says, and puts it where the user wants it. It must not know the
// names of options but in hints, nor how images are read and documents kept.
package build

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/compress"
	"github.com/stratuslab/stratus/lib/digest"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/metadata"
)

// Run makes the document and writes it. What the user can correct comes up
// before the image is read.
func Run(c *command.Call, o Options) error {
	if err := o.checkInputs(c); err != nil {
		return err
	}
	session, err := o.session(c)
	if err != nil {
		return err
	}
	doc, err := o.start(c)
	if err != nil {
		return err
	}
	now, err := command.Now() // not before the draft has come down a pipe
	if err != nil {
		return err
	}
	o.setFields(doc)
	o.finish(c, doc, now)
	if err := o.tryOutput(c, doc); err != nil {
		return err
	}
	var found *diskimage.Image
	if o.Image != "" {
		if found, err = o.describe(c); err != nil {
			return err
		}
		o.checkLocations(c, doc, found)
		setImage(doc, found, now)
	}
	if o.Edit {
		if doc, err = o.edit(c, session, doc, found, now); err != nil {
			return err
		}
	} else if err := doc.Check(metadata.Draft); err != nil {
		return fault.BadInputf("checking the document: %w", err)
	}
	warn(c, doc, now)
	err = o.write(c, doc)
	if err != nil && o.Edit {
		return keepEdited(doc, err)
	}
	return err
}

// start gives the document to begin with.
func (o Options) start(c *command.Call) (*metadata.Document, error) {
	if o.Draft != "" {
		return readDraft(c, o.Draft)
	}
	doc := metadata.New()
	complete(doc, usual())
	return doc, nil
}

// finish gives the document all that old readers insist on, and leaves nothing
// in it that only a signer may say.
func (o Options) finish(c *command.Call, doc *metadata.Document, now time.Time) {
	complete(doc, required())
	o.setTimes(doc, now)
	if doc.Unsign() {
		c.Log.Infof("the draft was signed: its signature and endorsement are removed, and the result needs signing anew")
	}
}

func readDraft(c *command.Call, path string) (*metadata.Document, error) {
	r, name, err := c.Open(path, "a draft")
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	doc, err := metadata.Read(r)
	if errors.Is(err, metadata.ErrInvalid) {
		return nil, fault.BadInputf("reading the draft %q: %w", name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the draft %q: %w", name, err)
	}
	return doc, nil
}

// describe reads the image, and compares it with what the user says of it.
func (o Options) describe(c *command.Call) (*diskimage.Image, error) {
	r, name, err := c.Open(o.Image, "an image")
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	var size int64
	if info, ok := regular(o.Image, c.In); ok {
		size = info.Size()
	}
	meter := c.Log.Meter("reading "+name, size)
	found, err := digest.Stream(c.Ctx, io.TeeReader(r, meter))
	_ = meter.Close()
	if errors.Is(err, compress.ErrCorrupt) {
		return nil, fault.BadInputf("reading the image %q: %w", name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the image %q: %w", name, err)
	}
	c.Log.Verbosef("%s: %d bytes, format %s, compression %q, identifier %s",
		name, found.Bytes, found.Format, found.Compression, metadata.IdentifierOf(found.SHA1))
	if found.Bytes == 0 {
		c.Log.Warnf("the image %q is empty", name)
	}
	return &found, o.compare(found, name)
}

// compare finds out whether the image is what the user says.
func (o Options) compare(found diskimage.Image, name string) error {
	if o.Format != nil && *o.Format != found.Format {
		return fault.WithHint(fault.Usagef("reading the image %q: its format is %q, not %q", name, found.Format, *o.Format),
			"leave out --format, or give --format %s", found.Format)
	}
	if o.Compression != nil && *o.Compression != found.Compression {
		return fault.WithHint(fault.Usagef("reading the image %q: its compression is %q, not %q", name, found.Compression, *o.Compression),
			"leave out --compression")
	}
	err := o.Checksums.Check(found)
	if err == nil {
		return nil
	}
	err = fault.BadInputf("verifying the image %q: %w", name, err)
	if found.Compression != diskimage.None {
		err = fault.WithHint(err, "checksums in metadata are those of the uncompressed image")
	}
	return err
}

// checkLocations warns when the locations of a draft are about to become those
// of another image.
func (o Options) checkLocations(c *command.Call, doc *metadata.Document, found *diskimage.Image) {
	if len(o.Locations) == 0 && len(doc.Texts(metadata.Location)) > 0 && !describes(doc, found) {
		c.Log.Warnf("the draft is about another image, and its locations may lead there: add --location URI")
	}
}
