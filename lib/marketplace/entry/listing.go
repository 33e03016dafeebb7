package entry

import (
	"fmt"

	"github.com/stratuslab/stratus/lib/signature"
	"github.com/stratuslab/stratus/lib/strictxml"
)

// Listing is what a Marketplace answers: signed documents, and where there are
// more.
type Listing struct {
	// Documents are the bytes of each signed document, unverified.
	Documents [][]byte
	// Next is the path of the next listing, with older entries, below the URL
	// of the Marketplace; empty if there is none.
	Next string
}

// MaxListing is the length of the longest listing that is read, in bytes.
const MaxListing = 16 << 20

// ParseListing takes a listing apart: an element metadata without a namespace
// around the documents. A single document is a listing of one. Errors wrap
// ErrInvalid.
func ParseListing(src []byte) (Listing, error) {
	// One document has at most 20,000 nodes of several bytes each; a listing
	// has as many as its length allows.
	doc, err := strictxml.Parse(src, strictxml.Limits{Bytes: MaxListing, Nodes: 20_000 + len(src)/24})
	if err != nil {
		return Listing{}, fmt.Errorf("%w: reading a listing: %w", ErrInvalid, err)
	}
	if doc.Root.Local == "RDF" {
		return Listing{Documents: [][]byte{src}}, nil
	}
	if doc.Root.Local != Root || doc.Root.URI != "" || len(doc.Root.Declarations) > 0 {
		return Listing{}, fmt.Errorf("%w: root element %q; allowed are %s and rdf:RDF", ErrInvalid, clip(doc.Root.Local), Root)
	}
	var l Listing
	for _, a := range doc.Root.Attributes {
		if a.Local == "next" && a.URI == "" {
			l.Next = a.Value
		}
	}
	for _, n := range doc.Root.Children {
		if n.Kind != strictxml.Element {
			continue
		}
		if n.End-n.Start > signature.MaxBytes {
			return Listing{}, fmt.Errorf("%w: a document of %d bytes in a listing, at most %d are allowed", ErrInvalid, n.End-n.Start, signature.MaxBytes)
		}
		l.Documents = append(l.Documents, src[n.Start:n.End])
	}
	return l, nil
}

// Embeddable gives the part of a signed document that stands in a listing: its
// root element. It can be verified like the whole document.
func Embeddable(src []byte) ([]byte, error) {
	doc, err := strictxml.Parse(src, strictxml.Limits{Bytes: signature.MaxBytes})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return src[doc.Root.Start:doc.Root.End], nil
}
