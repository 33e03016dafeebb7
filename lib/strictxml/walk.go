package strictxml

import (
	"slices"
	"strings"
)

// WhiteSpace holds the characters that XML takes for white space.
const WhiteSpace = " \t\r\n"

// Name identifies an element or an attribute whatever its prefix.
type Name struct{ URI, Local string }

// Name returns the name of an element.
func (n *Node) Name() Name { return Name{n.URI, n.Local} }

// Elements returns the child elements of n.
func (n *Node) Elements() []*Node {
	var found []*Node
	for _, child := range n.Children {
		if child.Kind == Element {
			found = append(found, child)
		}
	}
	return found
}

// Named returns the child elements of n that have the name.
func (n *Node) Named(name Name) []*Node {
	return slices.DeleteFunc(n.Elements(), func(child *Node) bool { return child.Name() != name })
}

// Descendants returns the elements inside n that have the name, at any depth, in
// document order.
func (n *Node) Descendants(name Name) []*Node {
	var found []*Node
	for _, child := range n.Elements() {
		if child.Name() == name {
			found = append(found, child)
		}
		found = append(found, child.Descendants(name)...)
	}
	return found
}

// Text returns the character data directly in n.
func (n *Node) Text() string {
	var b strings.Builder
	for _, child := range n.Children {
		if child.Kind == Text || child.Kind == CData {
			b.WriteString(child.Data)
		}
	}
	return b.String()
}

// AllText returns the character data in n and in the elements inside it.
func (n *Node) AllText() string {
	var b strings.Builder
	for _, child := range n.Children {
		switch child.Kind {
		case Text, CData:
			b.WriteString(child.Data)
		case Element:
			b.WriteString(child.AllText())
		}
	}
	return b.String()
}

// Blank reports whether n is a text of white space only.
func (n *Node) Blank() bool {
	return n.Kind == Text && strings.Trim(n.Data, WhiteSpace) == ""
}

// Attribute returns the value of the attribute of n that has the name, and
// whether there is one.
func (n *Node) Attribute(name Name) (string, bool) {
	for _, a := range n.Attributes {
		if a.URI == name.URI && a.Local == name.Local {
			return a.Value, true
		}
	}
	return "", false
}

// Bindings returns the namespaces of the prefixes that are declared on n or
// around it.
func (n *Node) Bindings() map[string]string {
	bound := map[string]string{}
	for ; n != nil; n = n.Parent {
		for _, d := range n.Declarations {
			if _, inner := bound[d.Prefix]; !inner {
				bound[d.Prefix] = d.URI
			}
		}
	}
	return bound
}

// Qualified returns a name with its prefix, if it has one.
func Qualified(prefix, local string) string {
	if prefix == "" {
		return local
	}
	return prefix + ":" + local
}
