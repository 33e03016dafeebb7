package metadata

import (
	"slices"

	"github.com/stratuslab/stratus/lib/strictxml"
)

// Text returns the text of the first element of the term directly under the
// Description, "" when there is none.
func (d *Document) Text(t Term) string {
	return textIn(d.description, t)
}

// textIn returns all text of the first child of n of the given term.
func textIn(n *strictxml.Node, t Term) string {
	if found := named(n, t); len(found) > 0 {
		return found[0].AllText()
	}
	return ""
}

// Texts returns the text of every element of the term directly under the
// Description.
func (d *Document) Texts(t Term) []string {
	var texts []string
	for _, e := range named(d.description, t) {
		texts = append(texts, e.AllText())
	}
	return texts
}

// Has reports whether there is an element of the term, perhaps an empty one,
// directly under the Description.
func (d *Document) Has(t Term) bool { return len(named(d.description, t)) > 0 }

// SetText makes value the text of the one element of the term directly under
// the Description. An element that is there keeps its attributes and its place,
// further ones are removed; a new one is put at its place in the usual order.
// The caller makes sure that the value is strictxml.ValidText; Bytes refuses
// any other.
func (d *Document) SetText(t Term, value string) {
	present := named(d.description, t)
	if len(present) == 0 {
		d.insert(t, d.newText(t, value))
		return
	}
	if !holds(present[0], value) {
		present[0].SetText(value)
	}
	d.drop(present[1:])
}

// SetTexts makes values the texts of the elements of the term directly under
// the Description, in this order. Elements that have one of the values already
// are kept where the order allows, all others are removed. No values remove the
// term.
func (d *Document) SetTexts(t Term, values []string) {
	present := named(d.description, t)
	kept := make([]*strictxml.Node, len(values))
	for i, value := range values {
		at := slices.IndexFunc(present, func(e *strictxml.Node) bool { return holds(e, value) })
		if at < 0 {
			continue
		}
		kept[i] = present[at]
		d.drop(present[:at])
		present = present[at+1:]
	}
	d.drop(present)
	for i, value := range slices.Backward(values) {
		switch {
		case kept[i] != nil:
			continue
		case i+1 < len(kept):
			kept[i] = d.newText(t, value)
			insertBefore(kept[i], kept[i+1])
		default:
			kept[i] = d.newText(t, value)
			d.insert(t, kept[i])
		}
	}
}

// holds reports whether e holds just this text.
func holds(e *strictxml.Node, value string) bool {
	for _, child := range e.Children {
		if child.Kind != strictxml.Text && child.Kind != strictxml.CData {
			return false
		}
	}
	return e.Text() == value
}

// drop removes elements from the Description.
func (d *Document) drop(elements []*strictxml.Node) {
	remove(d.description, func(e *strictxml.Node) bool { return slices.Contains(elements, e) })
}

// newText returns an element with a text, for use under the Description.
func (d *Document) newText(t Term, value string) *strictxml.Node {
	e := strictxml.NewElement(d.prefix(t.Prefix), t.expanded())
	e.SetText(value)
	return e
}

// newResource returns an element that may hold elements.
func (d *Document) newResource(t Term) *strictxml.Node {
	e := d.newText(t, "")
	e.SetAttribute(strictxml.Attribute{
		Prefix: d.prefix("rdf"), Local: "parseType", URI: rdfNamespace, Value: "Resource",
	})
	return e
}

// prefix returns a prefix that stands for the namespace of the usual one under the
// Description: that one, or another one that is declared. Where there is none it is
// declared on the root, the only place that the Marketplace can cope with.
func (d *Document) prefix(usual string) string {
	bound, namespace := d.description.Bindings(), namespaces[usual]
	if bound[usual] == namespace {
		return usual
	}
	var others []string
	for prefix, uri := range bound {
		if uri == namespace && prefix != "" {
			others = append(others, prefix)
		}
	}
	if len(others) > 0 {
		return slices.Min(others)
	}
	for bound[usual] != "" {
		usual += "_"
	}
	d.tree.Root.Declare(strictxml.Declaration{Prefix: usual, URI: namespace})
	return usual
}
