package describe

import (
	"time"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/metadata"
)

// required returns the terms that old readers insist on, if only to find them
// empty. The image and the clock fill the others.
func required() []Field {
	return []Field{
		{metadata.Type, "base"},
		{metadata.OS, ""}, {metadata.OSVersion, ""}, {metadata.OSArch, ""},
		{metadata.Version, ""}, {metadata.Compression, ""}, {metadata.Description, ""},
	}
}

// usual returns the terms that a new document has besides.
func usual() []Field {
	return []Field{
		{metadata.Kind, "machine"}, {metadata.Format, ""}, {metadata.Creator, ""},
		{metadata.Title, ""}, {metadata.Alternative, ""},
		{metadata.Hypervisor, "kvm"}, {metadata.DisksBus, "virtio"}, {metadata.Publisher, "StratusLab"},
	}
}

// complete adds the fields that the document lacks.
func complete(doc *metadata.Document, fields []Field) {
	for _, f := range fields {
		if !doc.Has(f.Term) {
			doc.SetText(f.Term, f.Text)
		}
	}
}

// setFields makes the document say what the user says.
func (o Options) setFields(doc *metadata.Document) {
	for _, f := range o.Fields {
		doc.SetText(f.Term, f.Text)
	}
	if o.Author != "" && doc.Text(metadata.Creator) == "" {
		doc.SetText(metadata.Creator, o.Author)
	}
	if len(o.Locations) > 0 {
		doc.SetTexts(metadata.Location, o.Locations)
	}
	if o.Format != nil {
		doc.SetText(metadata.Format, string(*o.Format))
	}
	if o.Compression != nil {
		doc.SetText(metadata.Compression, string(*o.Compression))
	}
}

// setImage makes the document describe the image. An image that the document
// did not describe before makes it a new document, created now.
func setImage(doc *metadata.Document, d *diskimage.Image, now time.Time) {
	if !describes(doc, d) {
		doc.SetText(metadata.Created, metadata.FormatTime(now))
	}
	doc.SetImage(*d)
}

// describes reports whether the document is about the image.
func describes(doc *metadata.Document, d *diskimage.Image) bool {
	return doc.Text(metadata.Identifier) == metadata.IdentifierOf(d.SHA1)
}

// setTimes sets the times that the document lacks or that are asked for.
func (o Options) setTimes(doc *metadata.Document, now time.Time) {
	if doc.Text(metadata.Created) == "" {
		doc.SetText(metadata.Created, metadata.FormatTime(now))
	}
	switch {
	case o.ValidFor > 0:
		doc.SetText(metadata.Valid, metadata.FormatTime(now.Add(o.ValidFor)))
	case doc.Text(metadata.Valid) == "":
		doc.SetText(metadata.Valid, metadata.FormatTime(now.Add(metadata.DefaultValidity)))
	}
}
