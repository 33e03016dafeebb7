// Package describe makes the description of an image: of its bytes, of an earlier
// description and of what the user says. It must not know the options of the
// command, files or streams, nor what a document looks like.
package describe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/stratuslab/stratus/lib/digest"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/report"
)

// Options hold what the user says of an image. What is zero was not said.
type Options struct {
	Fields      []Field                // texts of the description
	Author      string                 // creator of a description that names none
	Locations   []string               // replace those of the draft
	Format      *diskimage.Format      // must be that of the image
	Compression *diskimage.Compression // must be that of the image
	Want        diskimage.Image        // digests that the image must have
	ValidFor    time.Duration          // from now
}

// Field is the text, perhaps an empty one, of a term.
type Field struct {
	Term metadata.Term
	Text string
}

// Start returns the description before the image is known: draft, which it
// changes, or a new one where that is nil, with all that the user says and old
// readers insist on.
func (o Options) Start(draft *metadata.Document, now time.Time, log report.Log) *metadata.Document {
	doc := draft
	if doc == nil {
		doc = metadata.New()
		complete(doc, usual())
	}
	o.setFields(doc)
	o.finish(doc, now, log)
	return doc
}

// finish adds all that old readers insist on, and removes what only a signer may
// say.
func (o Options) finish(doc *metadata.Document, now time.Time, log report.Log) {
	complete(doc, required())
	o.setTimes(doc, now)
	if doc.Unsign() {
		log.Infof("the draft was signed: its signature and endorsement are removed, and the result needs signing anew")
	}
}

// Read reads an image to its end and compares it with what the user says of it.
// name is for messages.
func (o Options) Read(ctx context.Context, r io.Reader, name string, log report.Log) (*diskimage.Image, error) {
	found, err := digest.Stream(ctx, r, digest.Unlimited)
	if errors.Is(err, digest.ErrCorrupt) {
		return nil, report.BadInputf("reading the image %q: %w", name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the image %q: %w", name, err)
	}
	log.Verbosef("%s: %d bytes, format %s, compression %q, identifier %s",
		name, found.Bytes, found.Format, found.Compression, metadata.IdentifierOf(found.SHA1))
	if found.Bytes == 0 {
		log.Warnf("the image %q is empty", name)
	}
	return &found, o.compare(found, name)
}

func (o Options) compare(found diskimage.Image, name string) error {
	if o.Format != nil && *o.Format != found.Format {
		return report.WithHint(report.Usagef("reading the image %q: its format is %q, not %q", name, found.Format, *o.Format),
			"leave out --format, or give --format %s", found.Format)
	}
	if o.Compression != nil && *o.Compression != found.Compression {
		return report.WithHint(report.Usagef("reading the image %q: its compression is %q, not %q", name, found.Compression, *o.Compression),
			"leave out --compression")
	}
	if err := o.Want.Check(found); err != nil {
		err = report.BadInputf("verifying the image %q: %w", name, err)
		if found.Compression != diskimage.None {
			err = report.WithHint(err, "checksums in metadata are those of the uncompressed image")
		}
		return err
	}
	return nil
}

// SetImage makes doc describe the image.
func (o Options) SetImage(doc *metadata.Document, image *diskimage.Image, now time.Time, log report.Log) {
	if len(o.Locations) == 0 && len(doc.Texts(metadata.Location)) > 0 && !describes(doc, image) {
		log.Warnf("the draft is about another image, and its locations may lead there: add --location URI")
	}
	setImage(doc, image, now)
}

// Accept returns the document that a person has written, completed, if it is
// sound and describes the image; image is nil where none was read.
func (o Options) Accept(text []byte, image *diskimage.Image, now time.Time, log report.Log) (*metadata.Document, error) {
	doc, err := metadata.Parse(text)
	if err != nil {
		return nil, err
	}
	o.finish(doc, now, log)
	if err := doc.Check(metadata.Draft); err != nil {
		return nil, err
	}
	return doc, stillDescribes(doc, image)
}

// stillDescribes compares a document with the image that was read.
func stillDescribes(doc *metadata.Document, image *diskimage.Image) error {
	if image == nil {
		return nil
	}
	said, err := doc.Image()
	if err == nil {
		err = image.Check(said)
	}
	if err != nil {
		return fmt.Errorf("comparing the document with the image that was read: %w", err)
	}
	for _, f := range []Field{{metadata.Format, string(image.Format)}, {metadata.Compression, string(image.Compression)}} {
		if got := doc.Text(f.Term); got != f.Text {
			return fmt.Errorf("%s: got %q, but the image that was read has %q", f.Term, got, f.Text)
		}
	}
	return nil
}

// Warn warns of what is allowed but hardly meant.
func Warn(doc *metadata.Document, now time.Time, log report.Log) {
	if len(doc.Texts(metadata.Location)) == 0 {
		log.Warnf("the document names no location from which the image can be fetched: upload it, and add --location URI")
	}
	if valid, err := metadata.ParseTime(doc.Text(metadata.Valid)); err == nil && !valid.After(now) {
		log.Warnf("the document was valid until %s only, and will be listed as expired: add --valid-for DAYS", doc.Text(metadata.Valid))
	}
}
