package metadata

import (
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/beevik/etree"

	"github.com/stratuslab/stratus/lib/diskimage"
)

// SetImage makes the document describe the image: its identifier, also in
// rdf:about, its size, those of its digests that are known, which replace all
// that were there, and, if the format is known, format and compression. An image
// without a SHA-1 digest has no identifier, which Check reports.
func (d *Document) SetImage(i diskimage.Image) {
	id := IdentifierOf(i.SHA1)
	d.setAbout("#" + id)
	d.SetText(Identifier, id)
	d.SetText(Bytes, strconv.FormatInt(i.Bytes, 10))
	d.drop(d.children(d.description, checksum.expanded()))
	for _, a := range diskimage.Algorithms() {
		if value := *i.Digest(a); len(value) > 0 {
			d.addChecksum(string(a), hex.EncodeToString(value))
		}
	}
	if i.Format != "" {
		d.SetText(Format, string(i.Format))
		d.SetText(Compression, string(i.Compression))
	}
}

func (d *Document) setAbout(value string) {
	bound := d.bindings()
	for i, a := range d.description.Attr {
		if a.Key == "about" && bound[a.Space] == rdfNamespace {
			d.description.Attr[i].Value = value
			return
		}
	}
	about := etree.Attr{Space: d.prefix("rdf"), Key: "about", Value: value}
	d.description.Attr = append(d.description.Attr, about)
}

func (d *Document) addChecksum(name, value string) {
	e := d.newResource(checksum)
	d.insert(checksum, e)
	indent := indentOf(e)
	for _, child := range []*etree.Element{d.newText(algorithm, name), d.newText(digest, value)} {
		if indent != "" {
			e.CreateText(indent + indentStep)
		}
		e.AddChild(child)
	}
	if indent != "" {
		e.CreateText(indent)
	}
}

// Image returns the size and the digests of the image. A size or digest that is
// malformed, missing or given twice is an error that wraps ErrInvalid; only
// digests may be missing.
func (d *Document) Image() (diskimage.Image, error) {
	var i diskimage.Image
	sizes := d.Texts(Bytes)
	if len(sizes) != 1 {
		return i, fmt.Errorf("%w: %d elements %s, want exactly 1", ErrInvalid, len(sizes), Bytes)
	}
	var ok bool
	if i.Bytes, ok = parseNumber(sizes[0]); !ok {
		return i, fmt.Errorf("%w: %s %q; allowed: %s", ErrInvalid, Bytes, clip(sizes[0]), bytesForm(sizes[0]))
	}
	for _, e := range d.children(d.description, checksum.expanded()) {
		a, value := diskimage.Algorithm(d.textAt(e, algorithm)), d.textAt(e, digest)
		field := i.Digest(a)
		if field == nil {
			continue
		}
		if *field != nil {
			return i, fmt.Errorf("%w: more than one %s of %s, want at most 1", ErrInvalid, checksum, a)
		}
		var err error
		if *field, err = a.Parse(value); err != nil {
			return i, fmt.Errorf("%w: %s %q: %w", ErrInvalid, digest, clip(value), err)
		}
	}
	return i, nil
}
