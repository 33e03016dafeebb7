package page

import (
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/strictxml"
)

// The namespaces whose terms have labels.
const (
	dcterms = "http://purl.org/dc/terms/"
	slreq   = "http://mp.stratuslab.eu/slreq#"
	slterms = "http://mp.stratuslab.eu/slterms#"
)

// field is one thing that a document says.
type field struct {
	Label string
	Name  string // the full name of the property
	Value string
	Href  string // empty if the value is no link
}

// label is how a property is called on a page: for many their own name will do.
func label(n *strictxml.Node) string {
	switch n.URI + n.Local {
	case rdf + "type":
		return "RDF type"
	case slreq + "bytes":
		return "Size in bytes"
	case slterms + "os":
		return "Operating system"
	case slterms + "os-version":
		return "OS version"
	case slterms + "os-arch":
		return "Architecture"
	case slterms + "version":
		return "Image version"
	case dcterms + "valid":
		return "Valid until"
	case dcterms + "alternative":
		return "Tag"
	case dcterms + "isVersionOf":
		return "Is a version of"
	case dcterms + "isReplacedBy":
		return "Is replaced by"
	case slterms + "disks-bus":
		return "Disk bus"
	}
	switch n.URI {
	case dcterms, slreq, slterms:
		words := strings.ReplaceAll(clip(n.Local), "-", " ")
		return strings.ToUpper(words[:1]) + words[1:]
	}
	return clip(n.Local)
}

// elsewhere tells whether a property has a place of its own on the page.
func elsewhere(n *strictxml.Node) bool {
	switch n.URI + n.Local {
	case slreq + "endorsement", slterms + "location", dcterms + "title", dcterms + "description", slterms + "deprecated":
		return true
	}
	return false
}

// describe gives what a signed document says, and of that the checksums apart.
func describe(root string, doc *strictxml.Node) (fields, checksums []field) {
	for _, description := range elements(doc) {
		for _, n := range elements(description) {
			switch {
			case n.URI == slreq && n.Local == "checksum":
				checksums = append(checksums, checksum(n))
			case !elsewhere(n):
				fields = appendFields(fields, root, "", n)
			}
		}
	}
	return fields, checksums
}

// checksum takes what the schema has: an algorithm and a value.
func checksum(n *strictxml.Node) (f field) {
	for _, child := range elements(n) {
		switch child.Local {
		case "algorithm":
			f.Label = text(child)
		case "value":
			f.Value = text(child)
		}
	}
	return f
}

// appendFields appends a property, and what is inside it.
func appendFields(fields []field, root, within string, n *strictxml.Node) []field {
	f := field{Label: within + label(n), Name: clip(n.URI) + clip(n.Local), Value: text(n)}
	if uri, ok := attribute(n, rdf, "resource"); ok {
		f.Value = uri
	}
	inner := elements(n)
	if len(inner) == 0 || strings.TrimSpace(f.Value) != "" {
		if relates(n) && entry.IsIdentifier(f.Value) {
			f.Href = root + "metadata/" + f.Value + "/"
		}
		fields = append(fields, f)
	}
	for _, a := range foreign(n) {
		fields = append(fields, field{Label: label(n) + " / " + clip(a.Local), Name: clip(a.URI) + clip(a.Local), Value: a.Value})
	}
	for _, child := range inner {
		// More than one name of what is around could be long, and repeated often.
		fields = appendFields(fields, root, label(n)+" / ", child)
	}
	return fields
}

// relates tells whether a property names another image.
func relates(n *strictxml.Node) bool {
	return n.URI == dcterms && (n.Local == "isVersionOf" || n.Local == "replaces" || n.Local == "isReplacedBy")
}

// clip shortens a name of somebody else's.
func clip(s string) string {
	const longest = 80
	for i := range s {
		if i > longest {
			return s[:i] + "…"
		}
	}
	return s
}
