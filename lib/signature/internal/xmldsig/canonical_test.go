package xmldsig

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/strictxml"
)

var (
	inclusive         = Canonicalization{}
	inclusiveComments = Canonicalization{Comments: true}
	exclusive         = Canonicalization{Exclusive: true}
	exclusiveComments = Canonicalization{Exclusive: true, Comments: true}
)

func parsed(t testing.TB, src string) *strictxml.Document {
	t.Helper()
	doc, err := strictxml.Parse([]byte(src), strictxml.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestCanonical(t *testing.T) {
	tests := map[string]struct {
		method Canonicalization
		src    string
		want   string
	}{
		"bare":                 {inclusive, "<a/>", "<a></a>"},
		"declaration and mark": {inclusive, "\ufeff<?xml version='1.0'?>\n<a/>\n", "<a></a>"},
		"around the root":      {inclusive, "<!--1--><?p  x ?><a/><!--2--><?q?>", "<?p x ?>\n<a></a>\n<?q?>"},
		"comments": {
			inclusiveComments, "<!--1--><a><!-- 2 --></a><!--3-->", "<!--1-->\n<a><!-- 2 --></a>\n<!--3-->",
		},
		"no comments": {inclusive, "<a>x<!-- 2 -->y</a>", "<a>xy</a>"},
		"text": {
			inclusive, "<a>&amp;&lt;&gt;\"'&#13;\t\r\n]]&gt;é</a>", "<a>&amp;&lt;&gt;\"'&#xD;\t\n]]&gt;é</a>",
		},
		"attribute": {
			inclusive, "<a b='&amp;&lt;>\"&apos;&#9;&#10;&#13;\t\né'/>", "<a b=\"&amp;&lt;>&quot;'&#x9;&#xA;&#xD;  é\"></a>",
		},
		"CDATA": {inclusive, "<a>x<![CDATA[<&]]>y</a>", "<a>x&lt;&amp;y</a>"},
		"attributes sorted": {
			inclusive, `<x xmlns:b="u:1" xmlns:a="u:2" a:j="" b:k="" z="" y=""/>`,
			`<x xmlns:a="u:2" xmlns:b="u:1" y="" z="" b:k="" a:j=""></x>`,
		},
		"xml attribute sorted": {
			inclusive, `<x xmlns:r="http://a/" r:parseType="" xml:lang="en"/>`,
			`<x xmlns:r="http://a/" r:parseType="" xml:lang="en"></x>`,
		},
		"declared again": {
			inclusive, `<a xmlns="u" xmlns:p="v"><b xmlns="u" xmlns:p="w"><c xmlns:p="w"/></b><d xmlns:p="w"/></a>`,
			`<a xmlns="u" xmlns:p="v"><b xmlns:p="w"><c></c></b><d xmlns:p="w"></d></a>`,
		},
		"default undone": {
			inclusive, `<a xmlns="u"><b xmlns=""><c xmlns=""/></b></a>`, `<a xmlns="u"><b xmlns=""><c></c></b></a>`,
		},
		"nothing to undo": {inclusive, `<a xmlns=""/>`, `<a></a>`},
		"unused":          {inclusive, `<a xmlns:p="u"/>`, `<a xmlns:p="u"></a>`},
		"exclusive: unused": {
			exclusive, `<a xmlns:p="u" xmlns="v"><p:b xmlns:q="w" q:c=""/></a>`,
			`<a xmlns="v"><p:b xmlns:p="u" xmlns:q="w" q:c=""></p:b></a>`,
		},
		"exclusive: undone": {
			exclusive, `<a xmlns="u"><b xmlns=""/><p:c xmlns:p="v"><d/></p:c></a>`,
			`<a xmlns="u"><b xmlns=""></b><p:c xmlns:p="v"><d></d></p:c></a>`,
		},
		"exclusive: not undone":  {exclusive, `<a xmlns=""/>`, `<a></a>`},
		"exclusive: used twice":  {exclusive, `<p:a xmlns:p="u" p:b="" p:c=""/>`, `<p:a xmlns:p="u" p:b="" p:c=""></p:a>`},
		"exclusive: xml":         {exclusive, `<a xml:lang="en"/>`, `<a xml:lang="en"></a>`},
		"exclusive: comments":    {exclusiveComments, `<a><!--x--></a>`, `<a><!--x--></a>`},
		"exclusive: no comments": {exclusive, `<a><!--x--></a>`, `<a></a>`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := test.method.Document(parsed(t, test.src), nil)
			if diff := cmp.Diff(test.want, string(got)); diff != "" || err != nil {
				t.Errorf("canonical form (-want +got):\n%s%v", diff, err)
			}
		})
	}
}

func TestCanonicalWithoutSubtree(t *testing.T) {
	doc := parsed(t, "<a>1<b>2</b>3<c/></a>")
	got, err := inclusive.Document(doc, doc.Root.Children[1])
	if want := "<a>13<c></c></a>"; err != nil || string(got) != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestCanonicalElement(t *testing.T) {
	const src = `<r xmlns="u" xmlns:p="v" xmlns:q="w" xml:base="http://b/" xml:lang="en" other="">` +
		`<p:s xmlns:q="x" xml:lang="fr"><t xmlns="y" b="" p:a=""><q:z/></t></p:s></r>`
	tests := map[string]struct {
		method Canonicalization
		want   string
	}{
		"inclusive": {
			inclusive, `<t xmlns="y" xmlns:p="v" xmlns:q="x" b="" xml:base="http://b/" xml:lang="fr" p:a=""><q:z></q:z></t>`,
		},
		"exclusive": {exclusive, `<t xmlns="y" xmlns:p="v" b="" p:a=""><q:z xmlns:q="x"></q:z></t>`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := test.method.Element(parsed(t, src).Root.Children[0].Children[0])
			if diff := cmp.Diff(test.want, string(got)); diff != "" || err != nil {
				t.Errorf("canonical form (-want +got):\n%s%v", diff, err)
			}
		})
	}
}

// A namespace that is long, and used by many elements but not by the root, must
// not make a short document gigabytes long.
func TestCanonicalTooLong(t *testing.T) {
	src := `<r xmlns:p="` + strings.Repeat("u", 300_000) + `">` + strings.Repeat("<p:a/>", 15_000) + `</r>`
	if _, err := exclusive.Document(parsed(t, src), nil); !errors.Is(err, errTooLong) {
		t.Errorf("got %v, want an error that wraps errTooLong", err)
	}
	if _, err := inclusive.Document(parsed(t, src), nil); err != nil {
		t.Error(err)
	}
}

// TestCanonicalPeer compares with libxml2, the reference for most verifiers.
func TestCanonicalPeer(t *testing.T) {
	peers.Need(t, "xmllint")
	files, err := filepath.Glob("../../../testdata/vectors/*.xml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	files = append(files, "testdata/mixed.xml")
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		doc := parsed(t, string(src))
		for option, method := range map[string]Canonicalization{"--c14n": inclusiveComments, "--exc-c14n": exclusiveComments} {
			t.Run(fmt.Sprint(filepath.Base(file), option), func(t *testing.T) {
				want, err := exec.CommandContext(t.Context(), "xmllint", option, file).Output()
				if err != nil {
					t.Fatal(err)
				}
				got, err := method.Document(doc, nil)
				if diff := cmp.Diff(string(want), string(got)); diff != "" || err != nil {
					t.Errorf("canonical form (-xmllint +ours):\n%s%v", diff, err)
				}
			})
		}
	}
}

// FuzzCanonical: a canonical form is its own canonical form.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{
		"<a/>", "<!--x--><a b='&#9;&#13;'>&#13;<![CDATA[<]]></a><?p q?>",
		`<a xmlns="u" xmlns:p="v"><b xmlns=""><p:c p:d="" xml:lang="en"/></b></a>`,
		`<x xmlns:b="u:1" xmlns:a="u:2" a:j="" b:k=""><b:y xmlns:a="u:3" a:z=""/></x>`,
	} {
		f.Add(seed, true, true)
		f.Add(seed, false, false)
	}
	f.Fuzz(func(t *testing.T, src string, excl, comments bool) {
		method := Canonicalization{Exclusive: excl, Comments: comments}
		doc, err := strictxml.Parse([]byte(src), strictxml.Limits{})
		if err != nil {
			return
		}
		once, err := method.Document(doc, nil)
		if err != nil {
			return
		}
		again, err := strictxml.Parse(once, strictxml.Limits{Bytes: maxCanonical})
		if err != nil {
			t.Fatalf("the canonical form %q cannot be read: %v", once, err)
		}
		twice, err := method.Document(again, nil)
		if diff := cmp.Diff(string(once), string(twice)); diff != "" || err != nil {
			t.Errorf("canonical form of the canonical form (-once +twice):\n%s%v", diff, err)
		}
		part, err := method.Element(doc.Root)
		if err != nil || !strings.Contains(string(once), string(part)) {
			t.Errorf("canonical form of the root %q is not part of that of the document %q (%v)", part, once, err)
		}
	})
}
