package xmldsig

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/strictxml"
)

// errTooLong is the error for a document whose canonical form exceeds
// maxCanonical. Exclusive canonicalization can repeat one long namespace on
// every element.
var errTooLong = errors.New("canonical form too long")

// maxCanonical is six times the length of the longest document that anybody reads:
// a quote in an attribute becomes "&quot;".
const maxCanonical = 8 << 20

// Canonicalization is a method that writes trees in canonical form: Canonical
// XML 1.0 (W3C Recommendation of 15 March 2001), or Exclusive XML
// Canonicalization 1.0 (18 July 2002) without its parameter.
type Canonicalization struct {
	Exclusive bool // declares only the namespaces that an element itself uses
	Comments  bool // keeps comments
}

// Document returns the canonical form of a whole document without the subtree of
// skip, which may be nil.
func (m Canonicalization) Document(d *strictxml.Document, skip *strictxml.Node) ([]byte, error) {
	w := writer{method: m, skip: skip, rendered: map[string]string{}}
	rootSeen := false
	for _, n := range d.Nodes {
		switch {
		case n.Kind == strictxml.Element:
			rootSeen = true
			w.node(n)
		case n.Kind == strictxml.Comment && !m.Comments:
		case rootSeen:
			w.out.WriteByte('\n')
			w.node(n)
		default:
			w.node(n)
			w.out.WriteByte('\n')
		}
	}
	return w.result()
}

// Element returns the canonical form of an element with all it contains, as a
// subset of its document: what the element inherits is written on it.
func (m Canonicalization) Element(n *strictxml.Node) ([]byte, error) {
	w := writer{method: m, rendered: map[string]string{}}
	apex := *n
	if !m.Exclusive {
		apex.Declarations = nil
		for prefix, uri := range n.Bindings() {
			apex.Declarations = append(apex.Declarations, strictxml.Declaration{Prefix: prefix, URI: uri})
		}
		apex.Attributes = append(slices.Clone(n.Attributes), inheritedXML(n)...)
	}
	w.node(&apex)
	return w.result()
}

// inheritedXML returns the attributes xml:* from around n that n does not have
// itself, the innermost of each name.
func inheritedXML(n *strictxml.Node) []strictxml.Attribute {
	var inherited []strictxml.Attribute
	seen := map[string]bool{}
	for at := n; at != nil; at = at.Parent {
		for _, a := range at.Attributes {
			if a.URI != strictxml.XMLNamespace || seen[a.Local] {
				continue
			}
			seen[a.Local] = true
			if at != n {
				inherited = append(inherited, a)
			}
		}
	}
	return inherited
}

// writer holds the state of one canonicalization.
type writer struct {
	method Canonicalization
	skip   *strictxml.Node
	out    bytes.Buffer
	// rendered holds the namespace of every prefix as the output so far
	// declares it around the current place.
	rendered map[string]string
}

func (w *writer) result() ([]byte, error) {
	if w.out.Len() > maxCanonical {
		return nil, fmt.Errorf("%w: more than %d bytes", errTooLong, maxCanonical)
	}
	return w.out.Bytes(), nil
}

func (w *writer) node(n *strictxml.Node) {
	if n == w.skip || w.out.Len() > maxCanonical {
		return
	}
	switch n.Kind {
	case strictxml.Element:
		w.element(n)
	case strictxml.Text, strictxml.CData:
		_, _ = strictxml.TextEscapes.WriteString(&w.out, n.Data)
	case strictxml.Comment:
		if w.method.Comments {
			w.out.WriteString("<!--" + n.Data + "-->")
		}
	case strictxml.Instruction:
		w.out.WriteString("<?" + n.Local)
		if n.Data != "" {
			w.out.WriteString(" " + n.Data)
		}
		w.out.WriteString("?>")
	}
}

func (w *writer) element(n *strictxml.Node) {
	name := strictxml.Qualified(n.Prefix, n.Local)
	declared := w.due(n)
	// What is declared here is so for the children only.
	before := make([]string, len(declared))
	for i, d := range declared {
		before[i] = w.rendered[d.Prefix]
		w.rendered[d.Prefix] = d.URI
	}
	w.out.WriteString("<" + name)
	for _, d := range declared {
		d.Write(&w.out)
	}
	for _, a := range sorted(n.Attributes) {
		a.Write(&w.out)
	}
	w.out.WriteByte('>')
	for _, child := range n.Children {
		w.node(child)
	}
	w.out.WriteString("</" + name + ">")
	for i, d := range declared {
		w.rendered[d.Prefix] = before[i]
	}
}

// due returns the declarations that the canonical form has on n: those that say
// something new, in the order of their prefixes.
func (w *writer) due(n *strictxml.Node) []strictxml.Declaration {
	candidates := n.Declarations
	if w.method.Exclusive {
		candidates = used(n)
	}
	var due []strictxml.Declaration
	for _, d := range candidates {
		if d.Prefix != "xml" && w.rendered[d.Prefix] != d.URI {
			due = append(due, d)
		}
	}
	slices.SortFunc(due, func(a, b strictxml.Declaration) int { return strings.Compare(a.Prefix, b.Prefix) })
	return slices.CompactFunc(due, func(a, b strictxml.Declaration) bool { return a.Prefix == b.Prefix })
}

// used returns the bindings that the names of an element and of its attributes
// rely on.
func used(n *strictxml.Node) []strictxml.Declaration {
	bindings := []strictxml.Declaration{{Prefix: n.Prefix, URI: n.URI}}
	for _, a := range n.Attributes {
		if a.Prefix != "" {
			bindings = append(bindings, strictxml.Declaration{Prefix: a.Prefix, URI: a.URI})
		}
	}
	return bindings
}

// sorted returns the attributes in canonical order: by namespace, those without
// one first, and then by local name.
func sorted(attributes []strictxml.Attribute) []strictxml.Attribute {
	return slices.SortedFunc(slices.Values(attributes), func(a, b strictxml.Attribute) int {
		return cmp.Or(strings.Compare(a.URI, b.URI), strings.Compare(a.Local, b.Local))
	})
}
