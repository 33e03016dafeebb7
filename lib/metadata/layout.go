package metadata

import (
	"slices"

	"github.com/stratuslab/stratus/lib/strictxml"
)

// indentStep is how much deeper than its parent an element stands.
const indentStep = "  "

// insert puts an element of the given term under the Description: after the
// element that it follows in the usual order, or else before all others.
func (d *Document) insert(t Term, e *strictxml.Node) {
	place := rank(t.expanded())
	var before *strictxml.Node
	highest := 0
	all := d.description.Elements()
	for _, child := range all {
		if r := rank(child.Name()); r >= highest && r <= place {
			before, highest = child, r
		}
	}
	switch {
	case before != nil:
		insertAfter(e, before)
	case len(all) > 0:
		insertBefore(e, all[0])
	default:
		fill(d.description, d.description.Indent(), e)
	}
}

// rank returns the place of an element in the usual order, which is after all
// others for an element that has none.
func rank(name strictxml.Name) int {
	at := slices.IndexFunc(emissionOrder, func(t Term) bool { return t.expanded() == name })
	if at < 0 {
		return len(emissionOrder)
	}
	return at
}

// insertAfter puts e behind a sibling, on a line of its own if that has one.
func insertAfter(e, sibling *strictxml.Node) {
	parent, at := sibling.Parent, sibling.Index()+1
	parent.Insert(at, e)
	insertSpace(parent, at, sibling.Indent())
}

// insertBefore puts e before a sibling, on a line of its own if that has one.
func insertBefore(e, sibling *strictxml.Node) {
	parent, at, indent := sibling.Parent, sibling.Index(), sibling.Indent()
	insertSpace(parent, at, indent)
	parent.Insert(at, e)
}

func insertSpace(parent *strictxml.Node, at int, white string) {
	if white != "" {
		parent.Insert(at, strictxml.NewSpace(white))
	}
}

// fill puts elements into n, which has none: each on a line of its own below the
// indent, or without any white space where that is empty.
func fill(n *strictxml.Node, indent string, elements ...*strictxml.Node) {
	if last := len(n.Children) - 1; indent != "" && last >= 0 && n.Children[last].Blank() {
		n.Children = n.Children[:last]
	}
	for _, e := range elements {
		if indent != "" {
			n.Append(strictxml.NewSpace(indent + indentStep))
		}
		n.Append(e)
	}
	insertSpace(n, len(n.Children), indent)
}

// remove takes away every child element of e that drop returns true for, with
// the white space in front of it, so that no empty line stays behind.
func remove(e *strictxml.Node, drop func(*strictxml.Node) bool) {
	kept := make([]*strictxml.Node, 0, len(e.Children))
	for i, child := range e.Children {
		if child.Kind != strictxml.Element || !drop(child) {
			kept = append(kept, child)
			continue
		}
		if last := len(kept) - 1; last >= 0 && kept[last].Blank() && i+1 < len(e.Children) && e.Children[i+1].Blank() {
			kept = kept[:last]
		}
	}
	e.Children = kept
}
