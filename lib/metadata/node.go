package metadata

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/strictxml"
)

func is(n *strictxml.Node, t Term) bool { return n.Name() == t.expanded() }

// named returns the child elements of n of the given term.
func named(n *strictxml.Node, t Term) []*strictxml.Node { return n.Named(t.expanded()) }

// textAt returns the text directly in the first child of n of the given term.
func textAt(n *strictxml.Node, t Term) string {
	if found := named(n, t); len(found) > 0 {
		return found[0].Text()
	}
	return ""
}

// mixed reports whether there is text directly in n that is not white space.
func mixed(n *strictxml.Node) bool { return visible(n) != "" }

// visible returns the text directly in n without the white space around it.
func visible(n *strictxml.Node) string { return strings.Trim(n.Text(), strictxml.WhiteSpace) }

// label returns the name of an element with the usual prefix, or with the one
// it has in the document where there is no usual one.
func label(n *strictxml.Node) string {
	for prefix, uri := range namespaces {
		if uri == n.URI {
			return fmt.Sprintf("%s:%.80s", prefix, n.Local)
		}
	}
	return fmt.Sprintf("%.80s", strictxml.Qualified(n.Prefix, n.Local))
}

// path returns where an element is: below the Description from there on, with a
// number where several of one name stand side by side.
func path(n *strictxml.Node) string {
	var steps []string
	for ; n.Parent != nil && n.Parent.Parent != nil; n = n.Parent {
		step := label(n)
		alike := n.Parent.Named(n.Name())
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
