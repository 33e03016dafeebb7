package strictxml

import (
	"fmt"
	"strings"
)

func (n *Node) name() string { return qualified(n.Prefix, n.Local) }

// qualified returns a name as messages show it, of at most 60 characters.
func qualified(prefix, local string) string { return fmt.Sprintf("%.60s", Qualified(prefix, local)) }

// startTag reads a start tag or an empty-element tag.
func (p *parser) startTag() error {
	n := &Node{Kind: Element, Start: p.pos, EndTag: -1}
	p.pos++
	var err error
	if n.Prefix, n.Local, err = p.qualifiedName(); err != nil {
		return err
	}
	if p.depth++; p.depth > p.limits.Depth {
		return p.fail(n.Start, "element %s is nested too deep; at most %d levels", n.name(), p.limits.Depth)
	}
	empty, err := p.attributes(n)
	if err != nil {
		return err
	}
	for _, d := range n.Declarations {
		p.bound[d.Prefix] = append(p.bound[d.Prefix], d.URI)
	}
	if err := p.resolve(n); err != nil {
		return err
	}
	if err := p.add(n); err != nil {
		return err
	}
	if n.Parent == nil {
		p.doc.Root = n
	}
	p.open = n
	if empty {
		p.close()
	}
	return nil
}

// endTag reads the end tag of the open element.
func (p *parser) endTag() error {
	start := p.pos
	p.pos += len("</")
	prefix, local, err := p.qualifiedName()
	if err != nil {
		return err
	}
	if prefix != p.open.Prefix || local != p.open.Local {
		return p.fail(start, "end tag of %s inside %s; the end tag of %[2]s must come first", qualified(prefix, local), p.open.name())
	}
	p.space()
	if !p.at(">") {
		return p.fail(p.pos, `no ">" after the name in the end tag of %s; want nothing but white space before it`, p.open.name())
	}
	p.pos++
	p.open.EndTag = start
	p.open.End = p.pos
	p.close()
	return nil
}

// close leaves the open element and the scope of its declarations.
func (p *parser) close() {
	for _, d := range p.open.Declarations {
		if outer := p.bound[d.Prefix]; len(outer) > 1 {
			p.bound[d.Prefix] = outer[:len(outer)-1]
		} else {
			delete(p.bound, d.Prefix)
		}
	}
	p.open = p.open.Parent
	p.depth--
}

// attributes reads the rest of a tag after its name, without looking up the
// prefixes of attributes yet, and reports whether it is an empty-element tag.
func (p *parser) attributes(n *Node) (empty bool, err error) {
	declared := map[string]bool{}
	for count := 0; ; count++ {
		space := p.space()
		switch {
		case p.at(">"):
			p.pos++
			return false, nil
		case p.at("/>"):
			p.pos += len("/>")
			return true, nil
		case p.pos == len(p.src):
			return false, p.fail(n.Start, `tag of %s has no ">"`, n.name())
		case !space:
			return false, p.fail(p.pos, `in the tag of %s white space, ">" or "/>" is missing`, n.name())
		case count == p.limits.Attributes:
			return false, p.fail(p.pos, "too many attributes of %s; at most %d", n.name(), p.limits.Attributes)
		}
		a, err := p.attribute()
		if err != nil {
			return false, err
		}
		if a.Prefix != "xmlns" && (a.Prefix != "" || a.Local != "xmlns") {
			n.Attributes = append(n.Attributes, a)
			continue
		}
		d := Declaration{URI: a.Value}
		if a.Prefix != "" {
			d.Prefix = a.Local
		}
		if declared[d.Prefix] {
			return false, p.fail(p.pos, "prefix %.60q is declared twice on %s; want it once", d.Prefix, n.name())
		}
		declared[d.Prefix] = true
		if problem := d.problem(); problem != "" {
			return false, p.fail(p.pos, "namespace declaration of prefix %.60q as %.60q; %s", d.Prefix, d.URI, problem)
		}
		if d.Prefix != "xml" {
			n.Declarations = append(n.Declarations, d)
		}
	}
}

// problem returns why a declaration is forbidden, "" if it is not.
func (d Declaration) problem() string {
	switch {
	case d.Prefix == "xmlns":
		return "the prefix xmlns cannot be declared"
	case d.URI == xmlnsNamespace:
		return "nothing can be bound to that namespace"
	case d.Prefix == "xml" && d.URI != XMLNamespace:
		return "the prefix xml always stands for " + XMLNamespace
	case d.Prefix != "xml" && d.URI == XMLNamespace:
		return "only the prefix xml can be bound to that namespace"
	case d.Prefix != "" && d.URI == "":
		return "only the default namespace can be undone"
	}
	return ""
}

// attribute reads a name, an equals sign and a quoted value.
func (p *parser) attribute() (a Attribute, err error) {
	if a.Prefix, a.Local, err = p.qualifiedName(); err != nil {
		return a, err
	}
	p.space()
	if !p.at("=") {
		return a, p.fail(p.pos, `no "=" after attribute %s; each attribute needs a value`, qualified(a.Prefix, a.Local))
	}
	p.pos++
	p.space()
	if !p.at(`"`) && !p.at("'") {
		return a, p.fail(p.pos, "value of attribute %s is not quoted", qualified(a.Prefix, a.Local))
	}
	a.Value, err = p.attributeValue()
	return a, err
}

// resolve looks up the namespaces of an element and of its attributes, and
// refuses two attributes of one expanded name.
func (p *parser) resolve(n *Node) error {
	var ok bool
	if n.URI, ok = p.namespace(n.Prefix); !ok {
		return p.fail(n.Start, "prefix %.60q of element %s is not declared", n.Prefix, n.name())
	}
	seen := make(map[Name]bool, len(n.Attributes))
	for i := range n.Attributes {
		a := &n.Attributes[i]
		if a.Prefix != "" {
			if a.URI, ok = p.namespace(a.Prefix); !ok {
				return p.fail(n.Start, "prefix %.60q of attribute %s is not declared", a.Prefix, qualified(a.Prefix, a.Local))
			}
		}
		name := Name{a.URI, a.Local}
		if seen[name] {
			return p.fail(n.Start, "attribute %s is given twice on %s; want it once", qualified(a.Prefix, a.Local), n.name())
		}
		seen[name] = true
	}
	return nil
}

// namespace returns what a prefix is bound to here.
func (p *parser) namespace(prefix string) (string, bool) {
	if prefix == "xml" {
		return XMLNamespace, true
	}
	if uris := p.bound[prefix]; len(uris) > 0 {
		return uris[len(uris)-1], true
	}
	return "", prefix == ""
}

// qualifiedName reads a name with at most one colon in it.
func (p *parser) qualifiedName() (prefix, local string, err error) {
	start := p.pos
	local = p.name()
	if local != "" && p.at(":") {
		p.pos++
		prefix, local = local, p.name()
	}
	if local == "" || p.at(":") {
		found := p.src[start:min(p.pos+1, len(p.src))]
		return "", "", p.fail(start, "no name at %.60q; a name starts with a letter or _, "+
			"goes on with letters, digits, '.', '-' and _, and may have one prefix and colon before it", strings.ToValidUTF8(string(found), ""))
	}
	return prefix, local, nil
}
