package strictxml

import (
	"bytes"
	"strings"
)

const declarationForm = `<?xml version="1.0" encoding="UTF-8"?>, the encoding and a standalone="yes" or "no" after it being optional`

// declaration reads the XML declaration, which stands at the very start.
func (p *parser) declaration() error {
	start := p.pos
	p.pos += len("<?xml")
	previous := ""
	for {
		space := p.space()
		if p.at("?>") {
			break
		}
		name := p.name()
		value, ok := p.pseudoAttribute()
		if !space || !ok || !follows(previous, name) {
			return p.fail(p.pos, "malformed XML declaration; want %s", declarationForm)
		}
		if allowed, ok := declarable(name, value); !ok {
			return p.fail(p.pos, "%s %q in the XML declaration; want %s", name, clip(value), allowed)
		}
		previous = name
	}
	if previous == "" {
		return p.fail(p.pos, "XML declaration without version; want %s", declarationForm)
	}
	inside := p.src[start+len("<?xml") : p.pos]
	p.doc.Declaration = normaliseLineEnds(string(bytes.TrimLeft(inside, " \t\r\n")))
	p.pos += len("?>")
	return nil
}

// follows reports whether the pseudo attribute name may come after the previous
// one, which is empty at first.
func follows(previous, name string) bool {
	switch name {
	case "version":
		return previous == ""
	case "encoding":
		return previous == "version"
	case "standalone":
		return previous == "version" || previous == "encoding"
	}
	return false
}

// declarable reports whether a pseudo attribute may have this value, and returns
// which ones it may have.
func declarable(name, value string) (allowed string, ok bool) {
	switch name {
	case "version":
		return `"1.0"`, value == "1.0"
	case "encoding":
		return `"UTF-8"`, strings.EqualFold(value, "UTF-8")
	}
	return `"yes" or "no"`, value == "yes" || value == "no"
}

// pseudoAttribute reads the equals sign and the quoted value after a name in
// the XML declaration, where references have no meaning.
func (p *parser) pseudoAttribute() (string, bool) {
	p.space()
	if !p.at("=") {
		return "", false
	}
	p.pos++
	p.space()
	if !p.at(`"`) && !p.at("'") {
		return "", false
	}
	quote := p.src[p.pos]
	p.pos++
	length := bytes.IndexByte(p.src[p.pos:], quote)
	if length < 0 {
		return "", false
	}
	value := string(p.src[p.pos : p.pos+length])
	p.pos += length + 1
	return value, true
}
