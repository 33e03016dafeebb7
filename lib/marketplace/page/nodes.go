package page

import (
	"strings"

	"github.com/stratuslab/stratus/lib/strictxml"
)

func elements(n *strictxml.Node) []*strictxml.Node {
	var found []*strictxml.Node
	for _, child := range n.Children {
		if child.Kind == strictxml.Element {
			found = append(found, child)
		}
	}
	return found
}

func attribute(n *strictxml.Node, uri, local string) (string, bool) {
	for _, a := range n.Attributes {
		if a.URI == uri && a.Local == local {
			return a.Value, true
		}
	}
	return "", false
}

// text gives the text directly in an element.
func text(n *strictxml.Node) string {
	var b strings.Builder
	for _, child := range n.Children {
		if child.Kind == strictxml.Text || child.Kind == strictxml.CData {
			b.WriteString(child.Data)
		}
	}
	return b.String()
}

// isResource tells whether an element holds properties. Sound documents have no
// other parseType; an old tool writes it without its namespace.
func isResource(n *strictxml.Node) bool {
	_, is := attribute(n, rdf, "parseType")
	_, bare := attribute(n, "", "parseType")
	return is || bare
}

// foreign gives the attributes that stand for properties: in sound documents
// those of neither XML nor RDF.
func foreign(n *strictxml.Node) []strictxml.Attribute {
	var found []strictxml.Attribute
	for _, a := range n.Attributes {
		if a.URI != "" && a.URI != rdf && a.URI != strictxml.XMLNamespace {
			found = append(found, a)
		}
	}
	return found
}
