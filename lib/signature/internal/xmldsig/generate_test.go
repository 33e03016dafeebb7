package xmldsig

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// generator writes random documents with everything in them that readers of
// XML may take in different ways.
type generator struct {
	*rand.Rand
	out strings.Builder
	ids int
}

// generate returns a document. Namespaces have neither what libxml2 refuses nor
// what it forgets to escape: "&", "<" and quotes.
func generate(r *rand.Rand) []byte {
	g := &generator{Rand: r}
	g.maybe(0.1, "\ufeff")
	g.maybe(0.7, g.pick(`<?xml version="1.0" encoding="UTF-8" standalone="no"?>`, `<?xml version='1.0' encoding='utf-8'?>`,
		"<?xml version=\"1.0\"\r\n standalone='yes' ?>", `<?xml version="1.0"?>`))
	g.around()
	g.element(0, map[string]string{})
	g.around()
	return []byte(g.out.String())
}

func (g *generator) pick(of ...string) string { return of[g.IntN(len(of))] }

func (g *generator) maybe(probability float64, text string) {
	if g.Float64() < probability {
		g.out.WriteString(text)
	}
}

// around writes what may stand outside the root.
func (g *generator) around() {
	for range g.IntN(4) {
		g.out.WriteString(g.pick("\n", "\r\n", " \t", g.comment(), g.instruction()))
	}
}

func (g *generator) comment() string {
	return "<!--" + g.pick("", " c ", "<a b='", "&none;", "é\r\n", "]]>", "<Signature/>", "-x") + "-->"
}

func (g *generator) instruction() string {
	return "<?" + g.pick("p", "xml-stylesheet", "é", "P.x") + g.pick("", " ", "  d", " a='b' ", "\r\n\tx\ry", " é <&>") + "?>"
}

// space is white space in a tag; it may be none.
func (g *generator) space() string { return g.pick("", "", "", " ", "\n", "\r\n\t") }

var localNames = []string{"a", "b", "c-1", "élan", "日本", "_x", "Signature", "description", "A"}

// element writes an element, with scope holding the namespaces around it.
func (g *generator) element(depth int, scope map[string]string) {
	scope = maps.Clone(scope)
	var attributes []string
	for _, prefix := range []string{"", "p", "q", "ns-2", "é"} {
		if g.Float64() > 0.25 {
			continue
		}
		uri := g.pick("http://a/", "http://b/#", "urn:c", "http://a/%C3%A9?x=1;y", "HTTP://A/")
		name := "xmlns:" + prefix
		if prefix == "" {
			name = "xmlns"
			uri = g.pick(uri, uri, "")
		}
		scope[prefix] = uri
		attributes = append(attributes, g.attribute(name, uri))
	}
	attributes = append(attributes, g.attributes(scope)...)
	g.Shuffle(len(attributes), func(i, j int) { attributes[i], attributes[j] = attributes[j], attributes[i] })
	name := g.prefix(scope) + g.pick(localNames...)
	g.out.WriteString("<" + name)
	for _, attribute := range attributes {
		g.out.WriteString(g.pick(" ", " ", "\n", "\r\n\t") + attribute)
	}
	g.out.WriteString(g.space())
	if depth > 0 && g.Float64() < 0.2 {
		g.out.WriteString("/>")
		return
	}
	g.out.WriteString(">")
	g.content(depth, scope)
	g.out.WriteString("</" + name + g.space() + ">")
}

func (g *generator) content(depth int, scope map[string]string) {
	for range g.IntN(8) {
		switch g.IntN(8) {
		case 0, 1, 2:
			if depth < 7 {
				g.element(depth+1, scope)
			}
		case 3, 4:
			g.out.WriteString(g.text())
		case 5:
			g.out.WriteString("<![CDATA[" + g.pick("", "<&>", "&amp;", "é\r\n", "]] >", "x") + "]]>")
		case 6:
			g.out.WriteString(g.comment())
		case 7:
			g.out.WriteString(g.instruction())
		}
	}
	if g.IntN(100) == 0 {
		g.out.WriteString(strings.Repeat("long é ", 3000))
	}
}

// prefix returns a prefix that is declared, with its colon, or none.
func (g *generator) prefix(scope map[string]string) string {
	if prefixes := slices.Sorted(maps.Keys(scope)); len(prefixes) > 0 {
		if prefix := g.pick(prefixes...); prefix != "" {
			return prefix + ":"
		}
	}
	return ""
}

// attributes returns attributes of different expanded names.
func (g *generator) attributes(scope map[string]string) []string {
	var attributes []string
	taken := map[string]bool{}
	for range g.IntN(5) {
		prefix, local := g.prefix(scope), g.pick(localNames...)
		expanded := " " + local
		if prefix != "" {
			expanded = scope[strings.TrimSuffix(prefix, ":")] + expanded
		}
		if !taken[expanded] {
			taken[expanded] = true
			attributes = append(attributes, g.attribute(prefix+local, g.value()))
		}
	}
	g.ids++
	for _, own := range []string{
		`xml:base="http://base/é"`, "xml:lang = 'en'", `xml:space="preserve"`, fmt.Sprintf(`xml:id="id%d"`, g.ids),
		`xmlns:xml="http://www.w3.org/XML/1998/namespace"`,
	} {
		if g.Float64() < 0.08 {
			attributes = append(attributes, own)
		}
	}
	return attributes
}

// attribute writes an attribute in either kind of quotes.
func (g *generator) attribute(name, value string) string {
	equals := g.pick("=", "=", " = ", "=\n")
	if g.IntN(2) == 0 {
		return name + equals + `"` + strings.ReplaceAll(value, `"`, "&quot;") + `"`
	}
	return name + equals + "'" + strings.ReplaceAll(value, "'", "&apos;") + "'"
}

// value is what stands in an attribute, but for its quotes.
func (g *generator) value() string {
	var b strings.Builder
	for range g.IntN(5) {
		b.WriteString(g.pick(g.text(), "x", "\t", "\n", "'", `"`, "a>b", "&#9;", "&#10;", "&#x0D;", "  "))
	}
	return b.String()
}

func (g *generator) text() string {
	var b strings.Builder
	for range 1 + g.IntN(4) {
		b.WriteString(g.pick("word", "tail", " ", "\n", "\r\n", "\r", "\t", "&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "'", `"`,
			"&#13;", "&#xD;&#10;", "&#9;", "&#32;", "&#xe9;", "&#128512;", "é", "日本語", "😀", "\U0010fffd", "]]&gt;", "]]", "a>b",
			"\u00a0", "\u0085", "\u2028", "\ufeff", "\ufffd", "&amp;lt;", "&#38;"))
	}
	// "]]" at the end must not meet a ">".
	return b.String() + "."
}
