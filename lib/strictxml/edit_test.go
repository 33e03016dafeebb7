package strictxml

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEdit(t *testing.T) {
	name := func(local string) Name { return Name{Local: local} }
	first := func(d *Document) *Node { return d.Root.Elements()[0] }
	for _, test := range []struct {
		name, src string
		change    func(*Document)
		want      string
	}{
		{"nothing", "\ufeff<?xml version='1.0'?><!--a--><r  a = 'b' >&#65;<b></b><c /></r >\r\n", func(*Document) {},
			"\ufeff<?xml version='1.0'?><!--a--><r  a = 'b' >&#65;<b></b><c /></r >\r\n"},
		{
			"text", "<r><b  x='y'>a</b></r>", func(d *Document) { first(d).SetText("<&>\r") },
			"<r><b  x='y'>&lt;&amp;&gt;&#xD;</b></r>",
		},
		{"emptied", "<r><b  x='y'>a</b></r>", func(d *Document) { first(d).SetText("") }, `<r><b x="y"/></r>`},
		{"filled", "<r><b  x='y'/></r>", func(d *Document) { first(d).SetText("a") }, `<r><b x="y">a</b></r>`},
		{"attribute changed", "<r><b  x='y'>a</b></r>",
			func(d *Document) { first(d).SetAttribute(Attribute{Local: "x", Value: "\"\n"}) },
			`<r><b x="&quot;&#xA;">a</b></r>`},
		{"attribute added", "<r><b  x='y'>a</b></r>",
			func(d *Document) { first(d).SetAttribute(Attribute{Local: "z", Value: "1"}) },
			`<r><b x="y" z="1">a</b></r>`},
		{
			"declaration added", "<r  x='>/' ><b/></r>", func(d *Document) { d.Root.Declare(Declaration{"p", "u"}) },
			`<r  x='>/' xmlns:p="u" ><b/></r>`,
		},
		{
			"declaration added to an empty tag", "<r x='y'/>", func(d *Document) { d.Root.Declare(Declaration{"", "u"}) },
			`<r x='y' xmlns="u"/>`,
		},
		{
			"appended", "<r><b/></r>", func(d *Document) { d.Root.Append(NewElement("", name("c")), NewText(" ")) },
			"<r><b/><c/> </r>",
		},
		{"indent of CR LF", "<r>\r\n\r\n\t<b/>\r\n</r>", func(d *Document) { d.Root.Insert(0, NewSpace(first(d).Indent())) },
			"<r>\r\n\t\r\n\r\n\t<b/>\r\n</r>"},
		{"no indent from a reference", "<r>&#10; <b/></r>", func(d *Document) { d.Root.Append(NewText(first(d).Indent() + "x")) },
			"<r>&#10; <b/>x</r>"},
	} {
		t.Run(test.name, func(t *testing.T) {
			doc := parse(t, test.src)
			test.change(doc)
			got, err := doc.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, string(got)); diff != "" {
				t.Error(diff)
			}
			parse(t, string(got))
		})
	}
	doc := parse(t, "<r/>")
	doc.Root.SetText("\x00")
	if _, err := doc.Bytes(); !errors.Is(err, ErrSyntax) {
		t.Errorf("a text that XML cannot hold: %v, want %v", err, ErrSyntax)
	}
}

// FuzzBytes: what was not changed is written as it was read.
func FuzzBytes(f *testing.F) {
	for _, src := range []string{"<r/>", "\ufeff<?xml version=\"1.0\"?>\r\n<a b='&lt;'>x<![CDATA[y]]><c></c><?p q?></a><!--z-->"} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		doc, err := Parse([]byte(src), Limits{})
		if err != nil {
			return
		}
		if got, err := doc.Bytes(); err != nil || string(got) != src {
			t.Errorf("got %q, %v; want %q", got, err, src)
		}
	})
}
