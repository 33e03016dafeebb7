package entry

import (
	"bytes"
	"encoding/xml"
	"fmt"

	"github.com/stratuslab/stratus/lib/strictxml"
)

// Listing is an answer of a Marketplace: signed documents, and where more are.
type Listing struct {
	// Documents are the bytes of each signed document, unverified.
	Documents [][]byte
	// Next is the path of the next listing, with older entries, below the URL
	// of the Marketplace; empty if there is none.
	Next string
}

// MaxListing bounds a listing, in bytes.
const MaxListing = 16 << 20

// ParseListing reads a listing: an element metadata without a namespace around the
// documents. A single document is a listing of one. Errors wrap ErrInvalid.
func ParseListing(src []byte) (Listing, error) {
	doc, err := strictxml.Parse(src, strictxml.Limits{Bytes: MaxListing, Nodes: maxNodes(len(src))})
	if err != nil {
		return Listing{}, fmt.Errorf("%w: reading a listing: %w", ErrInvalid, err)
	}
	if doc.Root.Local == "RDF" {
		return Listing{Documents: [][]byte{src}}, nil
	}
	if doc.Root.Local != Root || doc.Root.URI != "" || len(doc.Root.Declarations) > 0 {
		return Listing{}, fmt.Errorf("%w: root element %.200q is not supported; want %s or rdf:RDF", ErrInvalid, doc.Root.Local, Root)
	}
	var l Listing
	l.Next, _ = doc.Root.Attribute(strictxml.Name{Local: "next"})
	for _, n := range doc.Root.Elements() {
		if n.End-n.Start > MaxBytes {
			return Listing{}, fmt.Errorf("%w: a document of %d bytes in a listing; at most %d", ErrInvalid, n.End-n.Start, MaxBytes)
		}
		l.Documents = append(l.Documents, src[n.Start:n.End])
	}
	return l, nil
}

// maxNodes bounds the nodes of a listing of so many bytes: one document may have
// 20,000 nodes of a few bytes each, but not all.
func maxNodes(length int) int { return 20_000 + length/24 }

// Size is the size of the documents of a listing.
type Size struct {
	Bytes int
	nodes int // at least as many as there are
}

// Add adds a document.
func (s *Size) Add(document []byte) {
	s.Bytes += len(document)
	// Each tag or comment begins with "<", and one text may follow it.
	s.nodes += 2*bytes.Count(document, []byte("<")) - bytes.Count(document, []byte("</"))
}

// Readable reports whether ParseListing reads a listing of that size, which documents
// of very many elements may prevent; it reads every listing of one document.
func (s Size) Readable() bool { return s.Bytes <= MaxListing && s.nodes <= maxNodes(s.Bytes) }

// Embeddable returns the part of a signed document that stands in a listing: its
// root element, which can be verified like the whole document.
func Embeddable(src []byte) ([]byte, error) {
	doc, err := strictxml.Parse(src, strictxml.Limits{Bytes: MaxBytes})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return src[doc.Root.Start:doc.Root.End], nil
}

// FormatListing writes a listing, whose documents are in the form of Embeddable.
func FormatListing(l Listing) []byte {
	var b bytes.Buffer
	b.WriteString(xml.Header + "<" + Root)
	if l.Next != "" {
		b.WriteString(` next="`)
		_ = xml.EscapeText(&b, []byte(l.Next)) // a buffer takes everything
		b.WriteByte('"')
	}
	b.WriteString(">\n")
	for _, document := range l.Documents {
		b.Write(document)
		b.WriteByte('\n')
	}
	b.WriteString("</" + Root + ">\n")
	return b.Bytes()
}
