package metadata

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/strictxml"
)

func nameOf(n *strictxml.Node) expandedName { return expandedName{n.URI, n.Local} }

func is(n *strictxml.Node, t Term) bool { return nameOf(n) == t.expanded() }

// elements returns the child elements of n.
func elements(n *strictxml.Node) []*strictxml.Node {
	var found []*strictxml.Node
	for _, child := range n.Children {
		if child.Kind == strictxml.Element {
			found = append(found, child)
		}
	}
	return found
}

// named returns the child elements of n of the given term.
func named(n *strictxml.Node, t Term) []*strictxml.Node {
	return slices.DeleteFunc(elements(n), func(child *strictxml.Node) bool { return !is(child, t) })
}

// content returns the text directly in n.
func content(n *strictxml.Node) string {
	var b strings.Builder
	for _, child := range n.Children {
		if child.Kind == strictxml.Text || child.Kind == strictxml.CData {
			b.WriteString(child.Data)
		}
	}
	return b.String()
}

// textAt returns the text directly in the first child of n of the given term.
func textAt(n *strictxml.Node, t Term) string {
	if found := named(n, t); len(found) > 0 {
		return content(found[0])
	}
	return ""
}

// mixed tells whether there is text directly in n that is not white space.
func mixed(n *strictxml.Node) bool {
	return strings.Trim(content(n), whiteSpace) != ""
}

// attribute returns the value of an attribute.
func attribute(n *strictxml.Node, name expandedName) (string, bool) {
	for _, a := range n.Attributes {
		if a.URI == name.uri && a.Local == name.local {
			return a.Value, true
		}
	}
	return "", false
}

// label returns the name of an element with the usual prefix, or with the one
// it has in the document where there is no usual one.
func label(n *strictxml.Node) string {
	for _, prefix := range []string{"rdf", "dcterms", "slreq", "slterms"} {
		if namespace(prefix) == n.URI {
			return clip(prefix + ":" + n.Local)
		}
	}
	return clip(qualified(n.Prefix, n.Local))
}

// path says where an element is: below the Description from there on, with a
// number where several of one name stand side by side.
func path(n *strictxml.Node) string {
	var steps []string
	for ; n.Parent != nil && n.Parent.Parent != nil; n = n.Parent {
		step := label(n)
		alike := slices.DeleteFunc(elements(n.Parent), func(other *strictxml.Node) bool { return nameOf(other) != nameOf(n) })
		if len(alike) > 1 {
			step += fmt.Sprintf("[%d]", 1+slices.Index(alike, n))
		}
		if len(steps) == maxSteps {
			steps = append(steps, "...")
			break
		}
		steps = append(steps, step)
	}
	if len(steps) == 0 {
		return label(n)
	}
	slices.Reverse(steps)
	return strings.Join(steps, "/")
}

// maxSteps bounds the length of a path.
const maxSteps = 5

// clip shortens what is quoted from a document.
func clip(s string) string {
	const limit = 80
	for i := range s {
		if i > limit {
			return s[:i] + "..."
		}
	}
	return s
}
