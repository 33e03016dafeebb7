package strictxml

import (
	"bytes"
	"strconv"
	"strings"
)

// text reads character data up to the next tag, comment, instruction or CDATA
// section.
func (p *parser) text() error {
	n := &Node{Kind: Text, Start: p.pos, EndTag: -1}
	var data strings.Builder
	for p.pos < len(p.src) && p.src[p.pos] != '<' {
		if p.src[p.pos] == '&' {
			char, err := p.reference()
			if err != nil {
				return err
			}
			data.WriteRune(char)
			continue
		}
		run := p.src[p.pos:]
		if end := bytes.IndexAny(run, "<&"); end >= 0 {
			run = run[:end]
		}
		if end := bytes.Index(run, []byte("]]>")); end >= 0 {
			return p.fail(p.pos+end, `"]]>" in text; write "]]&gt;"`)
		}
		data.WriteString(normaliseLineEnds(string(run)))
		p.pos += len(run)
	}
	n.Data = data.String()
	return p.add(n)
}

// attributeValue reads a quoted value. White space becomes spaces before
// references are expanded, so that a reference can give a TAB or a line end.
func (p *parser) attributeValue() (string, error) {
	start := p.pos
	quote := p.src[p.pos]
	p.pos++
	var value strings.Builder
	for p.pos < len(p.src) {
		switch c := p.src[p.pos]; {
		case c == quote:
			p.pos++
			return value.String(), nil
		case c == '<':
			return "", p.fail(p.pos, `"<" in an attribute; write "&lt;"`)
		case c == '&':
			char, err := p.reference()
			if err != nil {
				return "", err
			}
			value.WriteRune(char)
		case isSpace(c):
			if p.at("\r\n") {
				p.pos++
			}
			p.pos++
			value.WriteByte(' ')
		default:
			p.pos++
			value.WriteByte(c)
		}
	}
	return "", p.fail(start, "attribute value has no closing %c", quote)
}

// reference expands a character reference or one of the five entities that XML
// predefines; no other can be declared.
func (p *parser) reference() (rune, error) {
	end := bytes.IndexByte(p.src[p.pos:], ';')
	if end < 0 {
		return 0, p.fail(p.pos, `"&" begins no reference; write "&amp;"`)
	}
	name := string(p.src[p.pos+1 : p.pos+end])
	var number string
	base := 10
	switch {
	case strings.HasPrefix(name, "#x"):
		number, base = name[2:], 16
	case strings.HasPrefix(name, "#"):
		number = name[1:]
	default:
		char, ok := entities[name]
		if !ok {
			return 0, p.fail(p.pos, "entity %.60q is not defined; want amp, lt, gt, apos, quot and character references", name)
		}
		p.pos += end + 1
		return char, nil
	}
	code, err := strconv.ParseUint(number, base, 32)
	if err != nil || code > 0x10FFFF || !isChar(rune(code)) {
		return 0, p.fail(p.pos, "character reference %.60q; want the number of a character that XML allows", name)
	}
	p.pos += end + 1
	return rune(code), nil
}

// entities are the ones that XML predefines.
var entities = map[string]rune{"amp": '&', "lt": '<', "gt": '>', "apos": '\'', "quot": '"'}

func (p *parser) cdata() error {
	n := &Node{Kind: CData, Start: p.pos, EndTag: -1}
	p.pos += len("<![CDATA[")
	length := bytes.Index(p.src[p.pos:], []byte("]]>"))
	if length < 0 {
		return p.fail(n.Start, `CDATA section has no "]]>"`)
	}
	n.Data = normaliseLineEnds(string(p.src[p.pos : p.pos+length]))
	p.pos += length + len("]]>")
	return p.add(n)
}

func (p *parser) comment() error {
	n := &Node{Kind: Comment, Start: p.pos, EndTag: -1}
	p.pos += len("<!--")
	length := bytes.Index(p.src[p.pos:], []byte("--"))
	if length < 0 {
		return p.fail(n.Start, `comment has no "-->"`)
	}
	n.Data = normaliseLineEnds(string(p.src[p.pos : p.pos+length]))
	p.pos += length
	if !p.at("-->") {
		return p.fail(p.pos, `"--" inside a comment; want it only in the "-->" at the end`)
	}
	p.pos += len("-->")
	return p.add(n)
}

func (p *parser) instruction() error {
	n := &Node{Kind: Instruction, Start: p.pos, EndTag: -1}
	p.pos += len("<?")
	if n.Local = p.name(); n.Local == "" {
		return p.fail(n.Start, "instruction without a name")
	}
	if strings.EqualFold(n.Local, "xml") {
		return p.fail(n.Start, "XML declaration out of place or misspelt; want it once, before everything else")
	}
	if !p.space() && !p.at("?>") {
		return p.fail(p.pos, `name of instruction %.60s goes on with a character that names may not have; want white space or "?>"`, n.Local)
	}
	length := bytes.Index(p.src[p.pos:], []byte("?>"))
	if length < 0 {
		return p.fail(n.Start, `instruction has no "?>"`)
	}
	n.Data = normaliseLineEnds(string(p.src[p.pos : p.pos+length]))
	p.pos += length + len("?>")
	return p.add(n)
}

// markupDeclaration refuses what begins with "<!" and is neither a comment nor
// a CDATA section inside the root.
func (p *parser) markupDeclaration() error {
	switch {
	case p.at("<![CDATA["):
		return p.fail(p.pos, "CDATA section outside the root element; want comments and instructions only")
	case p.at("<!DOCTYPE"):
		return p.fail(p.pos, "document type declaration; want none")
	}
	return p.fail(p.pos, `"<!" begins a declaration; want comments and, inside the root, CDATA sections only`)
}

// normaliseLineEnds turns CR LF and CR into LF.
func normaliseLineEnds(s string) string {
	if !strings.Contains(s, "\r") {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}
