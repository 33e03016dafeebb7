package metadata

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/beevik/etree"
)

// Image is what a document says of the bytes of an image. All of it is about
// the uncompressed image.
type Image struct {
	Bytes                     int64  // size
	MD5, SHA1, SHA256, SHA512 []byte // digests, nil for one that is not given
}

// Identifier returns the identifier of the image, "" without a SHA-1 digest.
func (i Image) Identifier() string { return IdentifierOf(i.SHA1) }

// checksumKind is a digest that an Image can have.
type checksumKind struct {
	algorithm string // as slreq:algorithm has it
	size      int    // in bytes
	of        func(*Image) *[]byte
}

// checksumKinds are all of them, in the order in which they are written.
var checksumKinds = []checksumKind{
	{"MD5", md5.Size, func(i *Image) *[]byte { return &i.MD5 }},
	{sha1Algorithm, sha1.Size, func(i *Image) *[]byte { return &i.SHA1 }},
	{"SHA-256", sha256.Size, func(i *Image) *[]byte { return &i.SHA256 }},
	{"SHA-512", sha512.Size, func(i *Image) *[]byte { return &i.SHA512 }},
}

// sha1Algorithm names the one digest that every document must have.
const sha1Algorithm = "SHA-1"

// SetImage makes the document describe the image: its identifier, also in
// rdf:about, its size, and those of its digests that are not empty, which
// replace all that were there. An image without a SHA-1 digest has no
// identifier, which Check reports.
func (d *Document) SetImage(i Image) {
	id := i.Identifier()
	d.setAbout("#" + id)
	d.SetText(Identifier, id)
	d.SetText(Bytes, strconv.FormatInt(i.Bytes, 10))
	d.drop(d.children(d.description, checksum.expanded()))
	for _, kind := range checksumKinds {
		if value := *kind.of(&i); len(value) > 0 {
			d.addChecksum(kind.algorithm, hex.EncodeToString(value))
		}
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

// Image returns what the document says of the image. Digests of algorithms that
// Image does not have are left out. A size or digest that is malformed, missing
// or given twice is an error that wraps ErrInvalid; only digests may be missing.
func (d *Document) Image() (Image, error) {
	var i Image
	sizes := d.Texts(Bytes)
	if len(sizes) != 1 {
		return Image{}, fmt.Errorf("%w: %d elements %s, want exactly 1", ErrInvalid, len(sizes), Bytes)
	}
	var ok bool
	if i.Bytes, ok = parseNumber(sizes[0]); !ok {
		return Image{}, fmt.Errorf("%w: %s %q; allowed: %s", ErrInvalid, Bytes, clip(sizes[0]), bytesForm(sizes[0]))
	}
	for _, e := range d.children(d.description, checksum.expanded()) {
		name, value := d.textAt(e, algorithm), d.textAt(e, digest)
		for _, kind := range checksumKinds {
			if kind.algorithm != name {
				continue
			}
			if *kind.of(&i) != nil {
				return Image{}, fmt.Errorf("%w: more than one %s of %s, want at most 1", ErrInvalid, checksum, name)
			}
			decoded, err := hex.DecodeString(value)
			if err != nil || len(decoded) != kind.size {
				return Image{}, fmt.Errorf("%w: %s %q of %s; allowed: %d hexadecimal digits", ErrInvalid, digest, clip(value), name, 2*kind.size)
			}
			*kind.of(&i) = decoded
		}
	}
	return i, nil
}
