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
	"errors"
	"fmt"
	"io"

	"github.com/stratuslab/stratus/lib/strictxml"
)

// ErrInvalid is wrapped by every error that is about the content of a document
// rather than about reading or writing it.
var ErrInvalid = errors.New("invalid image metadata")

// MaxBytes is the length of the longest document that is read or written.
const MaxBytes = 1 << 20

// baseURI is the value that xml:base must have on the root.
const baseURI = "http://mp.stratuslab.eu/"

// Document describes one image. It is read once, changed through its methods, and
// written with every byte as it was where nothing was changed. It is not safe for
// concurrent use.
type Document struct {
	tree        *strictxml.Document
	description *strictxml.Node
}

const skeleton = `<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<rdf:RDF xmlns:rdf="` + rdfNamespace + `" xmlns:dcterms="` + dctermsNamespace + `"` +
	` xmlns:slreq="` + slreqNamespace + `" xmlns:slterms="` + sltermsNamespace + `" xml:base="` + baseURI + `">
  <rdf:Description>
    <slreq:endorsement rdf:parseType="Resource"/>
  </rdf:Description>
</rdf:RDF>
`

// New returns a document with nothing in it but an empty endorsement. It lacks
// what SetImage sets, and exactly one Type.
func New() *Document {
	d, err := Parse([]byte(skeleton))
	if err != nil {
		panic(err) // a constant
	}
	return d
}

// Read reads a document of at most 1 MiB to the end of r, as Parse does.
func Read(r io.Reader) (*Document, error) {
	src, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading image metadata: %w", err)
	}
	return Parse(src)
}

// Parse reads a document of at most 1 MiB, which must not be changed afterwards.
// What is not acceptable XML, or not one rdf:RDF with exactly one
// rdf:Description, is an error that wraps ErrInvalid; everything else about the
// content is left to Check.
func Parse(src []byte) (*Document, error) {
	if len(src) > MaxBytes {
		return nil, errTooLong()
	}
	tree, err := strictxml.Parse(src, strictxml.Limits{Bytes: MaxBytes})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return FromTree(tree)
}

func errTooLong() error { return fmt.Errorf("%w: more than %d bytes", ErrInvalid, MaxBytes) }

// FromTree returns the document that a tree holds, which it takes over.
func FromTree(tree *strictxml.Document) (*Document, error) {
	root := tree.Root
	if root.Name() != rootName {
		return nil, fmt.Errorf("%w: root element %s in namespace %.80q; want rdf:RDF in %q",
			ErrInvalid, label(root), root.URI, rdfNamespace)
	}
	descriptions := root.Named(descriptionName)
	if n := len(descriptions); n != 1 {
		return nil, fmt.Errorf("%w: %d elements rdf:Description in rdf:RDF, want exactly 1", ErrInvalid, n)
	}
	return &Document{tree, descriptions[0]}, nil
}

// Tree returns the tree of the document. It is for reading only.
func (d *Document) Tree() *strictxml.Document { return d.tree }

// Bytes returns the document as UTF-8. Text that XML cannot hold, or more than
// 1 MiB, is an error that wraps ErrInvalid.
func (d *Document) Bytes() ([]byte, error) {
	src, err := d.tree.Bytes()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if len(src) > MaxBytes {
		return nil, errTooLong()
	}
	return src, nil
}
