package metadata

import (
	"slices"

	"github.com/beevik/etree"
)

// Text returns the text of the first element of the term directly under the
// Description, "" when there is none.
func (d *Document) Text(t Term) string {
	return d.textAt(d.description, t)
}

// Texts returns the text of every element of the term directly under the
// Description.
func (d *Document) Texts(t Term) []string {
	var texts []string
	for _, e := range d.children(d.description, t.expanded()) {
		texts = append(texts, text(e))
	}
	return texts
}

// Has tells whether there is an element of the term, perhaps an empty one,
// directly under the Description.
func (d *Document) Has(t Term) bool {
	return len(d.children(d.description, t.expanded())) > 0
}

// SetText makes value the text of the one element of the term directly under
// the Description. An element that is there keeps its attributes and its place,
// further ones are removed; a new one is put at its place in the usual order.
// The caller makes sure that the value is strictxml.ValidText; WriteTo refuses
// to write any other.
func (d *Document) SetText(t Term, value string) {
	present := d.children(d.description, t.expanded())
	if len(present) == 0 {
		d.insert(t, d.newText(t, value))
		return
	}
	if !holds(present[0], value) {
		setText(present[0], value)
	}
	d.drop(present[1:])
}

// SetTexts makes values the texts of the elements of the term directly under
// the Description, in this order. Elements that have one of the values already
// are kept where the order allows, all others are removed. No values remove the
// term.
func (d *Document) SetTexts(t Term, values []string) {
	present := d.children(d.description, t.expanded())
	kept := make([]*etree.Element, len(values))
	for i, value := range values {
		at := slices.IndexFunc(present, func(e *etree.Element) bool { return holds(e, value) })
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

// holds tells whether e holds just this text.
func holds(e *etree.Element, value string) bool {
	for _, token := range e.Child {
		if _, ok := token.(*etree.CharData); !ok {
			return false
		}
	}
	return text(e) == value
}

// drop removes elements from the Description.
func (d *Document) drop(elements []*etree.Element) {
	if len(elements) == 0 {
		return
	}
	gone := make(map[*etree.Element]bool, len(elements))
	for _, e := range elements {
		gone[e] = true
	}
	remove(d.description, func(e *etree.Element) bool { return gone[e] })
}

// newElement makes an element for use under the Description.
func (d *Document) newElement(t Term) *etree.Element {
	e := etree.NewElement(qualified(d.prefix(t.Prefix), t.Name))
	d.names[e] = t.expanded()
	return e
}

func (d *Document) newText(t Term, value string) *etree.Element {
	e := d.newElement(t)
	setText(e, value)
	return e
}

// setText replaces whatever e contains.
func setText(e *etree.Element, value string) {
	e.Child = nil
	if value != "" {
		e.CreateText(value)
	}
}

// newResource makes an element that may hold elements.
func (d *Document) newResource(t Term) *etree.Element {
	e := d.newElement(t)
	e.Attr = append(e.Attr, etree.Attr{Space: d.prefix("rdf"), Key: "parseType", Value: "Resource"})
	return e
}

// prefix returns a prefix that stands, under the Description, for what the
// given one stands for in a Term. Where there is none it is declared on the
// root, the only place that the Marketplace can cope with.
func (d *Document) prefix(usual string) string {
	uri, bound := namespace(usual), d.bindings()
	prefix := usual
	for ; bound[prefix] != uri; prefix += "_" {
		if _, taken := bound[prefix]; !taken {
			root := d.tree.Root()
			root.Attr = append(root.Attr, declare(prefix, uri))
			break
		}
	}
	return prefix
}

// bindings returns the prefixes that are declared at the Description.
func (d *Document) bindings() map[string]string {
	bound := map[string]string{}
	for _, a := range slices.Concat(d.tree.Root().Attr, d.description.Attr) {
		if a.Space == "xmlns" {
			bound[a.Key] = a.Value
		}
	}
	return bound
}
