package signature

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/signature/internal/xmldsig"
	"github.com/stratuslab/stratus/lib/strictxml"
)

const (
	rdfNamespace     = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	dctermsNamespace = "http://purl.org/dc/terms/"
	slreqNamespace   = "http://mp.stratuslab.eu/slreq#"
)

// endorse puts an endorsement into the bytes of a document, in the place of any
// earlier one, and takes its signatures out.
func endorse(src []byte, by metadata.Endorsement) ([]byte, error) {
	doc, err := xmldsig.Parse(src)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", metadata.ErrInvalid, err)
	}
	descriptions := named(doc.Root, rdfNamespace, "Description")
	if len(descriptions) != 1 {
		return nil, fmt.Errorf("%w: %d elements rdf:Description in the root, want exactly 1", metadata.ErrInvalid, len(descriptions))
	}
	description := descriptions[0]
	var changes []change
	for _, sig := range xmldsig.Signatures(doc.Root) {
		changes = append(changes, change{from: sig.Start, to: sig.End})
	}
	// The only place for an endorsement is after the checksums.
	checksums := named(description, slreqNamespace, "checksum")
	if len(checksums) == 0 {
		return nil, fmt.Errorf("%w: no slreq:checksum in the rdf:Description", metadata.ErrInvalid)
	}
	last := checksums[len(checksums)-1]
	there := change{from: last.End, to: last.End}
	text := indentBefore(src, last)
	next := nextElement(last)
	for _, old := range named(description, slreqNamespace, "endorsement") {
		if old == next {
			there = change{from: old.Start, to: old.End}
			text = ""
			continue
		}
		changes = append(changes, change{from: old.Start, to: old.End})
	}
	there.text = text + endorsementText(description, indentBefore(src, last), by)
	return apply(src, append(changes, there)), nil
}

// change replaces a range of bytes.
type change struct {
	from, to int
	text     string
}

// apply makes changes that do not overlap; one inside another is lost with it.
// What is only put in comes before what is taken out at the same place.
func apply(src []byte, changes []change) []byte {
	slices.SortStableFunc(changes, func(a, b change) int {
		switch {
		case a.from != b.from:
			return cmp.Compare(a.from, b.from)
		case a.to == a.from || b.to == b.from:
			return cmp.Compare(a.to, b.to)
		}
		return cmp.Compare(b.to, a.to)
	})
	var out bytes.Buffer
	at := 0
	for _, c := range changes {
		if c.from < at {
			continue
		}
		out.Write(src[at:c.from])
		out.WriteString(c.text)
		at = c.to
	}
	out.Write(src[at:])
	return out.Bytes()
}

// endorsementText writes the element, one line for each that it holds if it
// stands on a line of its own.
func endorsementText(at *strictxml.Node, indent string, by metadata.Endorsement) string {
	slreq, declareSlreq := prefixFor(at, slreqNamespace, "slreq")
	dcterms, declareDcterms := prefixFor(at, dctermsNamespace, "dcterms")
	rdf, declareRDF := prefixFor(at, rdfNamespace, "rdf")
	resource := " " + rdf + `parseType="Resource"`
	const step = "  "
	in := func(levels int) string {
		if indent == "" {
			return ""
		}
		return indent + strings.Repeat(step, levels)
	}
	text := func(prefix, name, value string) string {
		return "<" + prefix + name + ">" + textEscapes.Replace(value) + "</" + prefix + name + ">"
	}
	lines := []string{
		"<" + slreq + "endorsement" + declareSlreq + declareDcterms + declareRDF + resource + ">",
		in(1) + text(dcterms, "created", by.Created),
		in(1) + "<" + slreq + "endorser" + resource + ">",
		in(2) + text(slreq, "email", by.Email),
		in(2) + text(slreq, "subject", by.Subject),
		in(2) + text(slreq, "issuer", by.Issuers[0]),
		in(1) + "</" + slreq + "endorser>",
		in(0) + "</" + slreq + "endorsement>",
	}
	return strings.Join(lines, "")
}

var textEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#13;")

// prefixFor gives a prefix, with its colon, that stands for a namespace at n,
// and the declaration that it needs if there is none.
func prefixFor(n *strictxml.Node, uri, usual string) (prefix, declaration string) {
	taken := map[string]bool{}
	for ; n != nil; n = n.Parent {
		for _, d := range n.Declarations {
			if d.URI == uri && d.Prefix != "" && !taken[d.Prefix] {
				return d.Prefix + ":", ""
			}
			taken[d.Prefix] = true
		}
	}
	for taken[usual] {
		usual += "_"
	}
	return usual + ":", " xmlns:" + usual + `="` + uri + `"`
}

// named gives the child elements of n of the given name.
func named(n *strictxml.Node, uri, local string) []*strictxml.Node {
	var found []*strictxml.Node
	for _, child := range n.Children {
		if child.Kind == strictxml.Element && child.URI == uri && child.Local == local {
			found = append(found, child)
		}
	}
	return found
}

// nextElement gives the sibling element after n, nil if there is none.
func nextElement(n *strictxml.Node) *strictxml.Node {
	after := n.Parent.Children[slices.Index(n.Parent.Children, n)+1:]
	for _, sibling := range after {
		if sibling.Kind == strictxml.Element {
			return sibling
		}
	}
	return nil
}

// indentBefore gives the line end and the white space in front of an element,
// as they stand in the source, "" where it does not begin a line.
func indentBefore(src []byte, n *strictxml.Node) string {
	white := src[:n.Start]
	line := bytes.TrimRight(white, " \t")
	switch {
	case bytes.HasSuffix(line, []byte("\r\n")):
		return string(white[len(line)-2:])
	case bytes.HasSuffix(line, []byte("\n")):
		return string(white[len(line)-1:])
	}
	return ""
}
