// Package strictxml reads XML 1.0 with namespaces, strictly, into a tree of
// nodes. It is the only XML reader of the project: what one part checks,
// another signs and a third verifies is one reading of the same bytes. It must
// not know any vocabulary, neither metadata nor signatures.
//
// It refuses what other readers let pass or read differently: everything that
// is not well formed, every document type declaration, every encoding but
// UTF-8, and names outside the tables of XML 1.0 up to its fourth edition,
// which are the ones that Java and encoding/xml know.
package strictxml

import (
	"cmp"
	"errors"
)

// ErrSyntax is wrapped by every error of Parse: the input is not well-formed
// XML, or uses what this package does not allow, or exceeds a limit.
var ErrSyntax = errors.New("unacceptable XML")

// XMLNamespace is the namespace to which the prefix xml is always bound.
const XMLNamespace = "http://www.w3.org/XML/1998/namespace"

// xmlnsNamespace is the namespace of namespace declarations; nothing may be
// bound to it.
const xmlnsNamespace = "http://www.w3.org/2000/xmlns/"

// Limits bounds what Parse accepts. A field that is zero stands for the
// default of that field.
type Limits struct {
	Bytes      int // length of the input, default 4 MiB
	Depth      int // nested elements, the root counted, default 256
	Nodes      int // nodes of every kind, default 20 000
	Attributes int // attributes and namespace declarations of one element, default 256
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Bytes:      cmp.Or(l.Bytes, 4<<20),
		Depth:      cmp.Or(l.Depth, 256),
		Nodes:      cmp.Or(l.Nodes, 20_000),
		Attributes: cmp.Or(l.Attributes, 256),
	}
}

// Document is a parsed document.
type Document struct {
	// Declaration is what the XML declaration holds between "<?xml " and "?>",
	// as written, and empty when there is no declaration.
	Declaration string
	// Nodes are the root element and the comments and instructions around it,
	// in document order.
	Nodes []*Node
	// Root is the one element among Nodes.
	Root *Node
}

// Kind is the kind of a node, as messages name it.
type Kind string

// The kinds of nodes.
const (
	Element     Kind = "element"
	Text        Kind = "text"          // character data outside CDATA sections, never empty
	CData       Kind = "CDATA section" // perhaps an empty one
	Comment     Kind = "comment"
	Instruction Kind = "processing instruction"
)

// Node is an element or a piece of content. Line ends in it are normalised to
// LF and references are expanded.
type Node struct {
	Kind Kind

	// Prefix, Local and URI name an element; Prefix and URI may be empty.
	// Local is also the target of an instruction.
	Prefix, Local, URI string
	// Declarations are the namespace declarations of an element as written,
	// without those of the prefix xml, which say nothing new.
	Declarations []Declaration
	// Attributes are the other attributes of an element, in source order.
	Attributes []Attribute
	// Children are the contents of an element, in document order.
	Children []*Node

	// Data is the text of every other kind: for a comment what stands between
	// "<!--" and "-->", for an instruction what follows its target and the
	// white space after that.
	Data string

	// Parent is the enclosing element, nil around and at the root.
	Parent *Node

	// Start and End are the offsets in the source, a byte order mark counted,
	// of the first byte of the node and of the byte after its last one.
	Start, End int
	// EndTag is the offset of the "</" of an element, and -1 where an element
	// has no end tag ("<a/>").
	EndTag int

	src     []byte // the whole source, nil for a node that was made
	content int    // offset of the byte after the start tag of an element
	changed bool   // whether the start tag must be written anew
	added   int    // number of Declarations, the last ones, that the source lacks
}

// Attribute is an attribute that is not a namespace declaration. Its white
// space is normalised to spaces, except where given by reference.
type Attribute struct {
	Prefix, Local, URI string // Prefix and URI are empty, or both are not
	Value              string
}

// Declaration binds a prefix, empty for the default namespace, to a namespace.
// URI is empty only where a default namespace is undone.
type Declaration struct {
	Prefix, URI string
}
