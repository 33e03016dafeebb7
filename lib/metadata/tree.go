package metadata

import (
	"strings"

	"github.com/beevik/etree"

	"github.com/stratuslab/stratus/lib/strictxml"
)

// whiteSpace is what XML takes for white space.
const whiteSpace = " \t\r\n"

// build copies a parsed document into the tree. What stands outside the root
// is put on lines of its own, as white space there is nobody's.
func (d *Document) build(doc *strictxml.Document) {
	if doc.Declaration != "" {
		d.tree.CreateProcInst("xml", doc.Declaration)
		d.tree.CreateText("\n")
	}
	for _, n := range doc.Nodes {
		d.copyNode(&d.tree.Element, n)
		d.tree.CreateText("\n")
	}
}

// copyNode copies a node, with all it contains, to the end of parent.
func (d *Document) copyNode(parent *etree.Element, n *strictxml.Node) {
	switch n.Kind {
	case strictxml.Text:
		parent.CreateText(n.Data)
	case strictxml.CData:
		parent.CreateCData(n.Data)
	case strictxml.Comment:
		parent.CreateComment(n.Data)
	case strictxml.Instruction:
		parent.CreateProcInst(n.Local, n.Data)
	case strictxml.Element:
		e := parent.CreateElement(qualified(n.Prefix, n.Local))
		d.names[e] = nameOf(n)
		for _, declaration := range n.Declarations {
			e.Attr = append(e.Attr, declare(declaration.Prefix, declaration.URI))
		}
		for _, a := range n.Attributes {
			e.Attr = append(e.Attr, etree.Attr{Space: a.Prefix, Key: a.Local, Value: a.Value})
		}
		for _, child := range n.Children {
			d.copyNode(e, child)
		}
	}
}

func qualified(prefix, local string) string {
	if prefix == "" {
		return local
	}
	return prefix + ":" + local
}

func declare(prefix, uri string) etree.Attr {
	if prefix == "" {
		return etree.Attr{Key: "xmlns", Value: uri}
	}
	return etree.Attr{Space: "xmlns", Key: prefix, Value: uri}
}

// children returns the child elements of e that have the given name.
func (d *Document) children(e *etree.Element, name expandedName) []*etree.Element {
	var found []*etree.Element
	for _, token := range e.Child {
		if child, ok := token.(*etree.Element); ok && d.names[child] == name {
			found = append(found, child)
		}
	}
	return found
}

// textAt returns the text of the first child of e of the given term, "" when
// there is none.
func (d *Document) textAt(e *etree.Element, t Term) string {
	if found := d.children(e, t.expanded()); len(found) > 0 {
		return text(found[0])
	}
	return ""
}

// text returns all character data inside e. Unlike etree's own Text it goes on
// after an instruction or an element.
func text(e *etree.Element) string {
	var b strings.Builder
	var collect func(e *etree.Element)
	collect = func(e *etree.Element) {
		for _, token := range e.Child {
			switch token := token.(type) {
			case *etree.CharData:
				b.WriteString(token.Data)
			case *etree.Element:
				collect(token)
			}
		}
	}
	collect(e)
	return b.String()
}

// unwritable returns the first text inside e that cannot be written. Only what
// was set can be; what was parsed is always writable.
func unwritable(e *etree.Element) (text string, found bool) {
	for _, token := range e.Child {
		switch token := token.(type) {
		case *etree.CharData:
			if !strictxml.ValidText(token.Data) {
				return token.Data, true
			}
		case *etree.Element:
			if text, found = unwritable(token); found {
				return text, true
			}
		}
	}
	return "", false
}

// remove takes away every child element of e that drop tells to, with the white
// space in front of it, so that no empty line stays behind.
func remove(e *etree.Element, drop func(*etree.Element) bool) {
	kept := make([]etree.Token, 0, len(e.Child))
	for i, token := range e.Child {
		if child, ok := token.(*etree.Element); !ok || !drop(child) {
			kept = append(kept, token)
			continue
		}
		if last := len(kept) - 1; last >= 0 && blank(kept[last]) && i+1 < len(e.Child) && blank(e.Child[i+1]) {
			kept = kept[:last]
		}
	}
	e.Child = kept
	e.ReindexChildren()
}

// blank tells whether a token is nothing but white space.
func blank(token etree.Token) bool {
	text, ok := token.(*etree.CharData)
	return ok && !text.IsCData() && strings.Trim(text.Data, whiteSpace) == ""
}
