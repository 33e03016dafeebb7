package strictxml

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// NewElement returns an element that belongs nowhere yet.
func NewElement(prefix string, name Name) *Node {
	return &Node{Kind: Element, Prefix: prefix, Local: name.Local, URI: name.URI, EndTag: -1}
}

// NewText returns a text that belongs nowhere yet. It must be ValidText, which
// Bytes makes sure of.
func NewText(data string) *Node { return &Node{Kind: Text, Data: data, EndTag: -1} }

// NewSpace returns a text of white space that is written just as it is given: CR
// LF stays CR LF.
func NewSpace(white string) *Node {
	return &Node{Kind: Text, Data: normaliseLineEnds(white), EndTag: -1, src: []byte(white), End: len(white)}
}

// Indent returns the line end and the spaces in front of an element as they are
// written, "" where the element does not begin a line.
func (n *Node) Indent() string {
	at := n.Index()
	if at < 1 || !n.Parent.Children[at-1].Blank() {
		return ""
	}
	before := n.Parent.Children[at-1]
	white := before.Data
	if before.src != nil {
		white = string(before.src[before.Start:before.End])
	}
	line := strings.LastIndexByte(white, '\n')
	switch {
	case line < 0 || strings.Trim(white, WhiteSpace) != "":
		return "" // a reference stands for white space
	case line > 0 && white[line-1] == '\r':
		line--
	}
	return white[line:]
}

// Index returns the place of n among the children of its parent, -1 without one.
func (n *Node) Index() int {
	if n.Parent == nil {
		return -1
	}
	return slices.Index(n.Parent.Children, n)
}

// Insert puts nodes among the children of n, the first of them at the given
// place.
func (n *Node) Insert(at int, nodes ...*Node) {
	for _, child := range nodes {
		child.Parent = n
	}
	n.Children = slices.Insert(n.Children, at, nodes...)
}

// Append puts nodes behind the children of n.
func (n *Node) Append(nodes ...*Node) { n.Insert(len(n.Children), nodes...) }

// SetText makes data the only content of n.
func (n *Node) SetText(data string) {
	n.Children = nil
	if data != "" {
		n.Append(NewText(data))
	}
}

// SetAttribute sets an attribute of n, which it may have already.
func (n *Node) SetAttribute(a Attribute) {
	n.changed = true
	for i, old := range n.Attributes {
		if old.URI == a.URI && old.Local == a.Local {
			n.Attributes[i].Value = a.Value
			return
		}
	}
	n.Attributes = append(n.Attributes, a)
}

// Declare adds a namespace declaration for a prefix that n does not declare.
func (n *Node) Declare(d Declaration) {
	n.Declarations = append(n.Declarations, d)
	n.added++
}

// Bytes returns the document as UTF-8. What was parsed and not changed stands as
// it did in the source, byte by byte. Text that XML cannot hold is an error that
// wraps ErrSyntax.
func (d *Document) Bytes() ([]byte, error) {
	w := &writer{}
	_, _ = w.out.Write(d.Root.src[:d.Root.Start])
	w.node(d.Root)
	_, _ = w.out.Write(d.Root.src[d.Root.End:])
	return w.out.Bytes(), w.err
}

type writer struct {
	out bytes.Buffer
	err error
}

func (w *writer) node(n *Node) {
	switch {
	case n.Kind == Element:
		w.element(n)
	case n.src != nil:
		w.out.Write(n.src[n.Start:n.End])
	case !ValidText(n.Data):
		w.err = fmt.Errorf("%w: text %.60q is not UTF-8 or has characters that XML does not allow", ErrSyntax, n.Data)
	default:
		_, _ = TextEscapes.WriteString(&w.out, n.Data)
	}
}

func (w *writer) element(n *Node) {
	emptied := n.EndTag > n.content && len(n.Children) == 0
	filled := n.EndTag < 0 && len(n.Children) > 0
	if n.src == nil || n.changed || emptied || filled {
		w.newElement(n)
		return
	}
	tag := n.src[n.Start:n.content]
	if n.added > 0 {
		name := bytes.TrimRight(bytes.TrimRight(tag, "/>"), WhiteSpace)
		w.out.Write(name)
		w.declarations(n.Declarations[len(n.Declarations)-n.added:])
		tag = tag[len(name):]
	}
	w.out.Write(tag)
	w.children(n)
	if n.EndTag >= 0 {
		w.out.Write(n.src[n.EndTag:n.End])
	}
}

func (w *writer) newElement(n *Node) {
	name := Qualified(n.Prefix, n.Local)
	w.out.WriteString("<" + name)
	w.declarations(n.Declarations)
	for _, a := range n.Attributes {
		a.Write(&w.out)
	}
	if len(n.Children) == 0 {
		w.out.WriteString("/>")
		return
	}
	w.out.WriteString(">")
	w.children(n)
	w.out.WriteString("</" + name + ">")
}

func (w *writer) declarations(all []Declaration) {
	for _, d := range all {
		d.Write(&w.out)
	}
}

func (w *writer) children(n *Node) {
	for _, child := range n.Children {
		w.node(child)
	}
}

// Write writes the attribute as canonical XML has it, with a space in front.
func (a Attribute) Write(out *bytes.Buffer) {
	out.WriteString(" " + Qualified(a.Prefix, a.Local) + `="`)
	_, _ = attributeEscapes.WriteString(out, a.Value)
	out.WriteString(`"`)
}

// Write writes the declaration as canonical XML has it, with a space in front.
func (d Declaration) Write(out *bytes.Buffer) {
	a := Attribute{Prefix: "xmlns", Local: d.Prefix, Value: d.URI}
	if d.Prefix == "" {
		a = Attribute{Local: "xmlns", Value: d.URI}
	}
	a.Write(out)
}

// TextEscapes writes what canonical XML writes for the characters that would be read
// as something else; attributeEscapes does in attributes.
var (
	TextEscapes      = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	attributeEscapes = strings.NewReplacer(
		"&", "&amp;", "<", "&lt;", `"`, "&quot;", "\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;")
)
