package metadata

import (
	"strings"

	"github.com/beevik/etree"
)

// indentStep is how much deeper than its parent an element stands.
const indentStep = "  "

// insert puts an element of the given term under the Description: after the
// element that it follows in the usual order, or else before all others.
func (d *Document) insert(t Term, e *etree.Element) {
	place := rank(t.expanded())
	var before, first *etree.Element
	highest := 0
	for _, child := range d.description.ChildElements() {
		if first == nil {
			first = child
		}
		if r := rank(d.names[child]); r >= highest && r <= place && r < len(emissionOrder) {
			before, highest = child, r
		}
	}
	switch {
	case before != nil:
		insertAfter(e, before)
	case first != nil:
		insertBefore(e, first)
	default:
		d.fill(e)
	}
}

// rank returns the place of an element in the usual order, which is after all
// others for an element that has none.
func rank(name expandedName) int {
	for i, t := range emissionOrder {
		if t.expanded() == name {
			return i
		}
	}
	return len(emissionOrder)
}

// insertAfter puts e behind a sibling, on a line of its own if that has one.
func insertAfter(e, sibling *etree.Element) {
	parent, at, indent := sibling.Parent(), sibling.Index()+1, indentOf(sibling)
	parent.InsertChildAt(at, e)
	if indent != "" {
		parent.InsertChildAt(at, etree.NewText(indent))
	}
}

// insertBefore puts e before a sibling, on a line of its own if that has one.
func insertBefore(e, sibling *etree.Element) {
	parent, at, indent := sibling.Parent(), sibling.Index(), indentOf(sibling)
	if indent != "" {
		parent.InsertChildAt(at, etree.NewText(indent))
	}
	parent.InsertChildAt(at, e)
}

// fill puts e into a Description that has no element.
func (d *Document) fill(e *etree.Element) {
	indent := indentOf(d.description)
	if indent == "" {
		d.description.AddChild(e)
		return
	}
	if last := len(d.description.Child) - 1; last >= 0 && blank(d.description.Child[last]) {
		d.description.RemoveChildAt(last)
	}
	d.description.CreateText(indent + indentStep)
	d.description.AddChild(e)
	d.description.CreateText(indent)
}

// indentOf returns the line end and the spaces in front of an element, "" where
// it does not begin a line.
func indentOf(e *etree.Element) string {
	if e.Index() == 0 {
		return ""
	}
	previous := e.Parent().Child[e.Index()-1]
	if !blank(previous) {
		return ""
	}
	white := previous.(*etree.CharData).Data
	start := strings.LastIndexByte(white, '\n')
	if start < 0 {
		return ""
	}
	return white[start:]
}
