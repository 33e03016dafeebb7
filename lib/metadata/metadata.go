// Package metadata reads, edits, checks and writes the documents that describe
// StratusLab images: one rdf:RDF with one rdf:Description of one image. Whatever
// it does not know in a document (extensions, comments, instructions, CDATA
// sections) survives a change of the rest.
//
// It must not know files, images or keys: it neither computes digests nor signs
// nor verifies. That Check finds nothing wrong with a document says nothing
// about who endorsed it.
package metadata

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/beevik/etree"

	"github.com/stratuslab/stratus/lib/strictxml"
)

// ErrInvalid is wrapped by every error that is about the content of a document
// rather than about reading or writing it.
var ErrInvalid = errors.New("invalid image metadata")

// maxBytes is the length of the longest document that is read.
const maxBytes = 1 << 20

// baseURI is the value that xml:base must have on the root.
const baseURI = "http://mp.stratuslab.eu/"

// Document describes one image. It is not safe for concurrent use.
type Document struct {
	tree        *etree.Document
	description *etree.Element
	// names holds the expanded name of every element of the tree, which etree
	// itself would look up anew, ancestor by ancestor.
	names map[*etree.Element]expandedName
}

// New returns a document with nothing in it but an empty endorsement. It lacks
// what SetImage sets, and exactly one Type.
func New() *Document {
	d := newDocument()
	d.tree.CreateProcInst("xml", `version="1.0" encoding="UTF-8" standalone="no"`)
	d.tree.CreateText("\n")
	root := d.tree.CreateElement("rdf:RDF")
	d.names[root] = expandedName{rdfNamespace, "RDF"}
	for _, prefix := range []string{"rdf", "dcterms", "slreq", "slterms"} {
		root.CreateAttr("xmlns:"+prefix, namespace(prefix))
	}
	root.CreateAttr("xml:base", baseURI)
	root.CreateText("\n  ")
	d.description = root.CreateElement("rdf:Description")
	d.names[d.description] = expandedName{rdfNamespace, "Description"}
	root.CreateText("\n")
	d.tree.CreateText("\n")
	d.insert(endorsement, d.newResource(endorsement))
	return d
}

func newDocument() *Document {
	d := &Document{tree: etree.NewDocument(), names: map[*etree.Element]expandedName{}}
	// Without these etree writes CR, TAB and LF so that they read back as
	// something else.
	d.tree.WriteSettings.CanonicalText = true
	d.tree.WriteSettings.CanonicalAttrVal = true
	return d
}

// Parse reads a document of at most 1 MiB. What is not acceptable XML, or not
// one rdf:RDF with exactly one rdf:Description, is an error that wraps
// ErrInvalid; everything else about the content is left to Check.
func Parse(r io.Reader) (*Document, error) {
	src, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading image metadata: %w", err)
	}
	parsed, err := parse(src)
	if err != nil {
		return nil, err
	}
	d := newDocument()
	d.build(parsed)
	d.description = d.children(d.tree.Root(), expandedName{rdfNamespace, "Description"})[0]
	return d, nil
}

// parse makes sure that what Parse and Check read is the same.
func parse(src []byte) (*strictxml.Document, error) {
	if len(src) > maxBytes {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrInvalid, maxBytes)
	}
	doc, err := strictxml.Parse(src, strictxml.Limits{Bytes: maxBytes})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if nameOf(doc.Root) != (expandedName{rdfNamespace, "RDF"}) {
		return nil, fmt.Errorf("%w: root element %s in namespace %q; allowed is rdf:RDF in %q",
			ErrInvalid, label(doc.Root), clip(doc.Root.URI), rdfNamespace)
	}
	descriptions := 0
	for _, child := range elements(doc.Root) {
		if nameOf(child) == (expandedName{rdfNamespace, "Description"}) {
			descriptions++
		}
	}
	if descriptions != 1 {
		return nil, fmt.Errorf("%w: %d elements rdf:Description in rdf:RDF, want exactly 1", ErrInvalid, descriptions)
	}
	return doc, nil
}

// WriteTo writes the document as UTF-8. Text that XML cannot hold is an error
// that wraps ErrInvalid; nothing is written then.
func (d *Document) WriteTo(w io.Writer) (int64, error) {
	src, err := d.source()
	if err != nil {
		return 0, err
	}
	n, err := w.Write(src)
	if err != nil {
		return int64(n), fmt.Errorf("writing image metadata: %w", err)
	}
	return int64(n), nil
}

// source returns the document as written.
func (d *Document) source() ([]byte, error) {
	if text, found := unwritable(&d.tree.Element); found {
		return nil, fmt.Errorf("%w: text %q has bytes that are not UTF-8 or characters that XML does not allow", ErrInvalid, clip(text))
	}
	var buffer bytes.Buffer
	if _, err := d.tree.WriteTo(&buffer); err != nil {
		return nil, fmt.Errorf("writing image metadata: %w", err)
	}
	return buffer.Bytes(), nil
}
