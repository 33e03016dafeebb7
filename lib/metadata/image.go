package metadata

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/strictxml"
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
	d.drop(named(d.description, checksum))
	for a, value := range i.Digests() {
		d.addChecksum(a, value)
	}
	if i.Format != "" {
		d.SetText(Format, string(i.Format))
		d.SetText(Compression, string(i.Compression))
	}
}

func (d *Document) setAbout(value string) {
	if about, ok := d.description.Attribute(rdfAbout); ok && about == value {
		return
	}
	d.description.SetAttribute(strictxml.Attribute{
		Prefix: d.prefix("rdf"), Local: rdfAbout.Local, URI: rdfNamespace, Value: value,
	})
}

func (d *Document) addChecksum(a diskimage.Algorithm, value []byte) {
	e := d.newResource(checksum)
	d.insert(checksum, e)
	fill(e, e.Indent(), d.newText(algorithm, string(a)), d.newText(digest, hex.EncodeToString(value)))
}

// Image returns the size and the digests of the image. A size or digest that is
// malformed, missing or given twice is an error that wraps ErrInvalid; only
// digests may be missing.
func (d *Document) Image() (diskimage.Image, error) {
	var i diskimage.Image
	sizes := d.Texts(Bytes)
	if len(sizes) != 1 {
		return i, fmt.Errorf("%w: %d elements %s; want exactly 1", ErrInvalid, len(sizes), Bytes)
	}
	var ok bool
	if i.Bytes, ok = parseNumber(sizes[0]); !ok {
		return i, fmt.Errorf("%w: %s %.80q; want %s", ErrInvalid, Bytes, sizes[0], bytesForm(sizes[0]))
	}
	for _, e := range named(d.description, checksum) {
		a, value := diskimage.Algorithm(textIn(e, algorithm)), textIn(e, digest)
		field := i.Digest(a)
		if field == nil {
			continue
		}
		if *field != nil {
			return i, fmt.Errorf("%w: more than one %s of %s; want at most 1", ErrInvalid, checksum, a)
		}
		var err error
		if *field, err = a.Parse(value); err != nil {
			return i, fmt.Errorf("%w: %s %.80q: %w", ErrInvalid, digest, value, err)
		}
	}
	return i, nil
}

// CheckImage compares an image with the document: its size and every digest that the
// document has. The error wraps diskimage.ErrMismatch, or ErrInvalid as that of Image.
func (d *Document) CheckImage(got diskimage.Image) error {
	i, err := d.Image()
	if err != nil {
		return err
	}
	err = i.Check(got)
	if i.Bytes == 0 && got.Bytes != 0 { // Check takes 0 for a size that is not known
		err = errors.Join(fmt.Errorf("%w: it has %d bytes, want 0", diskimage.ErrMismatch, got.Bytes), err)
	}
	return err
}
