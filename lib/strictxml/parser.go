package strictxml

import (
	"bytes"
	"fmt"
	"sync/atomic"
	"unicode/utf8"
)

const byteOrderMark = "\ufeff"

// parser walks over src once. Nothing it does looks back or ahead without
// consuming, so that its time grows with the length of the input only.
type parser struct {
	src    []byte
	pos    int
	limits Limits

	doc   *Document
	open  *Node // the innermost element whose end tag has not come yet
	depth int   // number of open elements
	nodes int

	// bound holds for each prefix the namespaces it is bound to, innermost last.
	bound map[string][]string
}

var parses atomic.Int64

// Parses returns how many times Parse was called, for tests that count.
func Parses() int64 { return parses.Load() }

// Parse reads a whole document. Every error wraps ErrSyntax, names the line
// and says what is allowed there.
func Parse(src []byte, limits Limits) (*Document, error) {
	parses.Add(1)
	p := &parser{src: src, limits: limits.withDefaults(), doc: &Document{}, bound: map[string][]string{}}
	if len(src) > p.limits.Bytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrSyntax, len(src), p.limits.Bytes)
	}
	if err := p.characters(); err != nil {
		return nil, err
	}
	if p.at(byteOrderMark) {
		p.pos = len(byteOrderMark)
	}
	if err := p.document(); err != nil {
		return nil, err
	}
	return p.doc, nil
}

// characters refuses, ahead of everything else, bytes that are no character or
// a character that XML never allows.
func (p *parser) characters() error {
	for i := 0; i < len(p.src); {
		r, size := utf8.DecodeRune(p.src[i:])
		if r == utf8.RuneError && size == 1 {
			return p.fail(i, "byte %#02x is not UTF-8; want UTF-8", p.src[i])
		}
		if !isChar(r) {
			return p.fail(i, "character %U; XML allows none below U+0020 but TAB, LF and CR, and neither U+FFFE nor U+FFFF", r)
		}
		i += size
	}
	return nil
}

func (p *parser) document() error {
	if p.at("<?xml") && p.pos+5 < len(p.src) && isSpace(p.src[p.pos+5]) {
		if err := p.declaration(); err != nil {
			return err
		}
	}
	for p.space(); p.pos < len(p.src); p.space() {
		if err := p.outside(); err != nil {
			return err
		}
	}
	if p.doc.Root == nil {
		return p.fail(p.pos, "no element; a document has exactly one root element")
	}
	return nil
}

// outside reads one item before, at or after the root element.
func (p *parser) outside() error {
	switch {
	case p.at("<!--"):
		return p.comment()
	case p.at("<?"):
		return p.instruction()
	case p.at("<!"):
		return p.markupDeclaration()
	case p.at("</"):
		return p.fail(p.pos, "end tag outside the root element; want comments and instructions only")
	case !p.at("<"):
		return p.fail(p.pos, "text outside the root element; want comments and instructions only")
	case p.doc.Root != nil:
		return p.fail(p.pos, "second root element; a document has exactly one")
	}
	return p.root()
}

// root reads the root element with all it contains.
func (p *parser) root() error {
	if err := p.startTag(); err != nil {
		return err
	}
	for p.open != nil {
		if err := p.content(); err != nil {
			return err
		}
	}
	return nil
}

// content reads one item inside the open element.
func (p *parser) content() error {
	switch {
	case p.pos == len(p.src):
		return p.fail(p.open.Start, "element %s has no end tag", p.open.name())
	case p.at("<!--"):
		return p.comment()
	case p.at("<![CDATA["):
		return p.cdata()
	case p.at("<!"):
		return p.markupDeclaration()
	case p.at("<?"):
		return p.instruction()
	case p.at("</"):
		return p.endTag()
	case p.at("<"):
		return p.startTag()
	}
	return p.text()
}

// add hangs a node that ends here into the tree.
func (p *parser) add(n *Node) error {
	if p.nodes++; p.nodes > p.limits.Nodes {
		return p.fail(n.Start, "too many elements, texts, comments and instructions; at most %d", p.limits.Nodes)
	}
	n.End, n.content, n.src = p.pos, p.pos, p.src
	n.Parent = p.open
	if p.open == nil {
		p.doc.Nodes = append(p.doc.Nodes, n)
	} else {
		p.open.Children = append(p.open.Children, n)
	}
	return nil
}

func (p *parser) at(s string) bool {
	return bytes.HasPrefix(p.src[p.pos:], []byte(s))
}

// space skips white space and reports whether there was any.
func (p *parser) space() bool {
	start := p.pos
	for p.pos < len(p.src) && isSpace(p.src[p.pos]) {
		p.pos++
	}
	return p.pos > start
}

// fail makes an error about the given offset.
func (p *parser) fail(offset int, format string, args ...any) error {
	before := normaliseLineEnds(string(p.src[:offset]))
	line := 1 + bytes.Count([]byte(before), []byte("\n"))
	return fmt.Errorf("%w: line %d: %s", ErrSyntax, line, fmt.Sprintf(format, args...))
}
