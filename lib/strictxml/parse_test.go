package strictxml

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// contents leaves out of a comparison where nodes stand.
var contents = cmp.Options{
	cmpopts.IgnoreFields(Node{}, "Parent", "Start", "End", "EndTag"),
	cmpopts.IgnoreUnexported(Node{}),
	cmpopts.EquateEmpty(),
}

func parse(t *testing.T, src string) *Document {
	t.Helper()
	doc, err := Parse([]byte(src), Limits{})
	if err != nil {
		t.Fatalf("parsing %q: %v", src, err)
	}
	return doc
}

func TestParseContent(t *testing.T) {
	text := func(data string) *Node { return &Node{Kind: Text, Data: data} }
	tests := map[string]struct {
		src  string
		want []*Node // children of the root element
	}{
		"no content":            {`<r/>`, nil},
		"start and end tag":     {`<r></r >`, nil},
		"text":                  {`<r>a b</r>`, []*Node{text("a b")}},
		"entities":              {`<r>&amp;&lt;&gt;&apos;&quot;</r>`, []*Node{text(`&<>'"`)}},
		"character references":  {`<r>&#65;&#x42;&#x0000000000043;&#13;&#x1F600;</r>`, []*Node{text("ABC\r\U0001F600")}},
		"bracket and reference": {`<r>]]&gt;</r>`, []*Node{text("]]>")}},
		"line ends":             {"<r>a\r\nb\rc\nd\r\r\n</r>", []*Node{text("a\nb\nc\nd\n\n")}},
		"CDATA":                 {"<r>a<![CDATA[<&]]\r\n]]>b</r>", []*Node{text("a"), {Kind: CData, Data: "<&]]\n"}, text("b")}},
		"empty CDATA":           {`<r><![CDATA[]]></r>`, []*Node{{Kind: CData}}},
		"comment splits text":   {"<r>a<!-- x\r- -->b</r>", []*Node{text("a"), {Kind: Comment, Data: " x\n- "}, text("b")}},
		"instruction":           {"<r><?p  a\r\nb ?></r>", []*Node{{Kind: Instruction, Local: "p", Data: "a\nb "}}},
		"instruction, no data":  {`<r><?p?></r>`, []*Node{{Kind: Instruction, Local: "p"}}},
		"question mark in it":   {`<r><?p a?b??></r>`, []*Node{{Kind: Instruction, Local: "p", Data: "a?b?"}}},
		"name beginning xml": {
			`<r><?xml-stylesheet x?></r>`, []*Node{{Kind: Instruction, Local: "xml-stylesheet", Data: "x"}},
		},
		"attributes": {
			"<r><a b='\"' c = \"'&quot;>\"\n/></r>",
			[]*Node{{Kind: Element, Local: "a", Attributes: []Attribute{{Local: "b", Value: `"`}, {Local: "c", Value: `'">`}}}},
		},
		"attribute white space": {
			"<r><a b='1\t2\n3\r\n4\r5&#9;&#10;&#13;'/></r>",
			[]*Node{{Kind: Element, Local: "a", Attributes: []Attribute{{Local: "b", Value: "1 2 3 4 5\t\n\r"}}}},
		},
		"xml prefix": {
			`<r><a xml:lang="en"/></r>`,
			[]*Node{{Kind: Element, Local: "a", Attributes: []Attribute{{"xml", "lang", XMLNamespace, "en"}}}},
		},
		"xml prefix declared": {`<r><a xmlns:xml="` + XMLNamespace + `"/></r>`, []*Node{{Kind: Element, Local: "a"}}},
		"default namespace": {
			`<r><a xmlns="u" b=""/></r>`,
			[]*Node{{Kind: Element, Local: "a", URI: "u", Declarations: []Declaration{{"", "u"}}, Attributes: []Attribute{{Local: "b"}}}},
		},
		"declared after its use": {
			`<r><p:a p:b="" xmlns:p="u"/></r>`,
			[]*Node{
				{
					Kind: Element, Prefix: "p", Local: "a", URI: "u", Declarations: []Declaration{{"p", "u"}},
					Attributes: []Attribute{{"p", "b", "u", ""}},
				},
			},
		},
		"scopes end": {`<r xmlns:p="1" xmlns="2"><a xmlns:p="3" xmlns=""><p:b/></a><p:c/><d/></r>`, []*Node{
			{
				Kind: Element, Local: "a", Declarations: []Declaration{{"p", "3"}, {"", ""}},
				Children: []*Node{{Kind: Element, Prefix: "p", Local: "b", URI: "3"}},
			},
			{Kind: Element, Prefix: "p", Local: "c", URI: "1"},
			{Kind: Element, Local: "d", URI: "2"},
		}},
		"letters": {`<r><größe/><日本/></r>`, []*Node{{Kind: Element, Local: "größe"}, {Kind: Element, Local: "日本"}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := parse(t, test.src).Root.Children
			if diff := cmp.Diff(test.want, got, contents); diff != "" {
				t.Errorf("children of the root (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseDocument(t *testing.T) {
	root := &Node{Kind: Element, Local: "r"}
	tests := map[string]struct {
		src  string
		want Document
	}{
		"bare":            {`<r/>`, Document{Nodes: []*Node{root}}},
		"byte order mark": {"\ufeff<r/>", Document{Nodes: []*Node{root}}},
		"white space":     {" \t\r\n<r/>\n ", Document{Nodes: []*Node{root}}},
		"declaration":     {"<?xml version='1.0'?><r/>", Document{Declaration: "version='1.0'", Nodes: []*Node{root}}},
		"whole declaration": {
			"\ufeff<?xml\n version = \"1.0\" encoding='utf-8'\r\nstandalone=\"yes\" ?>\n<r/>",
			Document{Declaration: "version = \"1.0\" encoding='utf-8'\nstandalone=\"yes\" ", Nodes: []*Node{root}},
		},
		"around the root": {`<!--a--><?b c?><r/><!--d--> <?e?>`, Document{Nodes: []*Node{
			{Kind: Comment, Data: "a"},
			{Kind: Instruction, Local: "b", Data: "c"},
			root,
			{Kind: Comment, Data: "d"},
			{Kind: Instruction, Local: "e"},
		}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.want.Root = root
			if diff := cmp.Diff(&test.want, parse(t, test.src), contents); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOffsets(t *testing.T) {
	const src = "\ufeff<?xml version='1.0'?>\n<!--c--><r a=''>é&#13;<b\n/><![CDATA[x]]><?p q?><d>\r\n</d ></r>\n"
	var got []string
	var visit func(n, parent *Node)
	visit = func(n, parent *Node) {
		if n.Parent != parent {
			t.Errorf("parent of %q is %p, want %p", src[n.Start:n.End], n.Parent, parent)
		}
		got = append(got, src[n.Start:n.End])
		if n.EndTag >= 0 {
			got = append(got, src[n.EndTag:n.End])
		}
		for _, child := range n.Children {
			visit(child, n)
		}
	}
	for _, n := range parse(t, src).Nodes {
		visit(n, nil)
	}
	want := []string{
		"<!--c-->",
		"<r a=''>é&#13;<b\n/><![CDATA[x]]><?p q?><d>\r\n</d ></r>", "</r>",
		"é&#13;", "<b\n/>", "<![CDATA[x]]>", "<?p q?>", "<d>\r\n</d >", "</d >", "\r\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("source of the nodes (-want +got):\n%s", diff)
	}
}

func TestValidText(t *testing.T) {
	tests := map[string]bool{
		"":                                true,
		"a & b <c> \t\r\n é 日 \U0001F600": true,
		"\ufffd\ufeff\u0085\u007f":        true,
		"a\x00":                           false,
		"\x1b[31m":                        false,
		"\ufffe":                          false,
		"\uffff":                          false,
		"a\xff":                           false,
		"\xed\xa0\x80":                    false, // a surrogate
		"\xc0\x80":                        false, // overlong
	}
	for s, want := range tests {
		if got := ValidText(s); got != want {
			t.Errorf("ValidText(%q) = %v, want %v", s, got, want)
		}
		_, err := Parse([]byte("<r>"+strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(s)+"</r>"), Limits{})
		if parsed := err == nil; parsed != want {
			t.Errorf("parsing a document with %q: %v, want accepted = %v", s, err, want)
		}
	}
}

func TestValidName(t *testing.T) {
	for s, want := range map[string]bool{
		"a": true, "_": true, "a.b-1": true, "é": true,
		"": false, "1": false, "a:b": false, "a b": false, "-": false, "a\xff": false, "\U0001F600": false,
	} {
		if got := ValidName(s); got != want {
			t.Errorf("ValidName(%q) = %v, want %v", s, got, want)
		}
	}
}
