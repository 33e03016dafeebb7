package strictxml

import (
	"bytes"
	"regexp"
	"strings"
)

// declarationForm is an XML declaration with whatever values. They stand in quotes
// in the groups; white space is what the characters of XML leave of \s.
var declarationForm = regexp.MustCompile(`^<\?xml\s+version\s*=\s*` + quoted +
	`(?:\s+encoding\s*=\s*` + quoted + `)?(?:\s+standalone\s*=\s*` + quoted + `)?\s*\?>`)

const quoted = `("[^"]*"|'[^']*')`

// declaration reads the XML declaration, which stands at the very start.
func (p *parser) declaration() error {
	found := declarationForm.FindSubmatch(p.src[p.pos:])
	if found == nil {
		return p.fail(p.pos, `malformed XML declaration; want <?xml version="1.0" encoding="UTF-8"?>,`+
			` the encoding and a standalone="yes" or "no" after it being optional`)
	}
	for i, part := range []struct {
		name, want string
		good       func(value string) bool
	}{
		{"version", `"1.0"`, func(value string) bool { return value == "1.0" }},
		{"encoding", `"UTF-8"`, func(value string) bool { return strings.EqualFold(value, "UTF-8") }},
		{"standalone", `"yes" or "no"`, func(value string) bool { return value == "yes" || value == "no" }},
	} {
		value := found[1+i]
		if value != nil && !part.good(string(value[1:len(value)-1])) {
			return p.fail(p.pos, "%s %.60q in the XML declaration; want %s", part.name, string(value[1:len(value)-1]), part.want)
		}
	}
	inside := bytes.TrimSuffix(bytes.TrimPrefix(found[0], []byte("<?xml")), []byte("?>"))
	p.doc.Declaration = normaliseLineEnds(string(bytes.TrimLeft(inside, WhiteSpace)))
	p.pos += len(found[0])
	return nil
}
