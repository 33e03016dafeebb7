package metadata

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/strictxml"
)

func write(t testing.TB, d *Document) string {
	t.Helper()
	src, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}

// infoset lists all that a document says, but not where it stands in the
// source. It is flat because comparing deep trees takes cmp too long.
func infoset(t testing.TB, src string) []string {
	t.Helper()
	doc, err := strictxml.Parse([]byte(src), strictxml.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{doc.Declaration}
	var visit func(depth int, nodes []*strictxml.Node)
	visit = func(depth int, nodes []*strictxml.Node) {
		for _, n := range nodes {
			lines = append(lines, fmt.Sprintf("%d %s %q %q %q %q %q %q", depth, n.Kind, n.Prefix, n.Local, n.URI, n.Data,
				n.Declarations, n.Attributes))
			visit(depth+1, n.Children)
		}
	}
	visit(0, doc.Nodes)
	return lines
}

const root = `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dcterms="http://purl.org/dc/terms/"` +
	` xmlns:slreq="http://mp.stratuslab.eu/slreq#" xmlns:slterms="http://mp.stratuslab.eu/slterms#" ` +
	`xml:base="http://mp.stratuslab.eu/">`

// odd has what is lost easily when a document is read and written.
const odd = "\ufeff<?xml version='1.0' encoding='utf-8'?><!-- a \r\n - b --><?before  x?>\r\n" + root +
	"<!--c-->\t<rdf:Description" +
	" rdf:about='a&#9;b&#10;c&#13;d&quot;&apos;&lt;&gt;\te'><?p?>" +
	"<x:y xmlns:x='u&amp;v' xmlns='' x:z=\"'\" w='' xml:space='preserve'>" +
	"\r\n&#13;&#13;&#10; a]]&gt;&amp;<![CDATA[<&]]>b<![CDATA[]]><![CDATA[>]]>\u00e9\U0001F600\u0085\u2028<y xmlns='w'/>" +
	"<z>  </z></x:y>" +
	"</rdf:Description></rdf:RDF><!----><?after?>"

func TestRoundTrip(t *testing.T) {
	sources := map[string]string{"odd": odd, "bare": "<r:RDF xmlns:r='" + rdfNamespace + "'><r:Description/></r:RDF>"}
	for _, pattern := range []string{"testdata/*.xml", "../testdata/vectors/*.xml",
		"../testdata/vectors/signed-by-stratuslab/*.xml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no documents %s: %v", pattern, err)
		}
		for _, file := range files {
			sources[file] = source(t, "../"+file)
		}
	}
	for name, src := range sources {
		t.Run(name, func(t *testing.T) {
			once := write(t, mustParse(t, src))
			if diff := cmp.Diff(infoset(t, src), infoset(t, once)); diff != "" {
				t.Errorf("written again (-want +got):\n%s", diff)
			}
			if twice := write(t, mustParse(t, once)); twice != once {
				t.Errorf("written a second time (-want +got):\n%s", cmp.Diff(once, twice))
			}
		})
	}
}

func TestWriteKeepsBytes(t *testing.T) {
	for _, file := range []string{vectors + "plain.xml", vectors + "comment.xml", vectors + "cdata-lang.xml", vectors +
		"extension.xml", "complete.xml"} {
		src := source(t, file)
		if diff := cmp.Diff(src, write(t, mustParse(t, src))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

func TestNew(t *testing.T) {
	want := `<?xml version="1.0" encoding="UTF-8" standalone="no"?>
` + root + `
  <rdf:Description>
    <slreq:endorsement rdf:parseType="Resource"/>
  </rdf:Description>
</rdf:RDF>
`
	if diff := cmp.Diff(want, write(t, New())); diff != "" {
		t.Errorf("new document (-want +got):\n%s", diff)
	}
}

func TestParseRefuses(t *testing.T) {
	tests := map[string]struct{ src, want string }{
		"nothing":               {"", "no element"},
		"not XML":               {"a: b", "line 1: text outside the root"},
		"DOCTYPE":               {"<!DOCTYPE x>" + root + "<rdf:Description/></rdf:RDF>", "document type declaration"},
		"two roots":             {root + "<rdf:Description/></rdf:RDF><a/>", "second root"},
		"other root":            {"<metadata/>", `root element metadata in namespace ""; want rdf:RDF`},
		"root of no namespace":  {"<RDF/>", "root element RDF"},
		"no Description":        {root + "</rdf:RDF>", "0 elements rdf:Description"},
		"two Descriptions":      {root + "<rdf:Description/><rdf:Description/></rdf:RDF>", "2 elements rdf:Description"},
		"Description elsewhere": {root + "<a><rdf:Description/></a></rdf:RDF>", "0 elements rdf:Description"},
		"too long": {
			root + "<rdf:Description/></rdf:RDF>" + strings.Repeat(" ", MaxBytes), "more than 1048576 bytes",
		},
		"too deep": {
			root + "<rdf:Description>" + strings.Repeat("<a>", 300) + strings.Repeat("</a>", 300) +
				"</rdf:Description></rdf:RDF>",
			"too deep",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(test.src))
			if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that wraps ErrInvalid with %q in it", err, test.want)
			}
		})
	}
}

func TestParseLongest(t *testing.T) {
	src := root + "<rdf:Description/></rdf:RDF>"
	mustParse(t, src+strings.Repeat(" ", MaxBytes-len(src)))
}

func TestReadErrors(t *testing.T) {
	broken := errors.New("broken")
	_, err := Read(iotest.ErrReader(broken))
	if !errors.Is(err, broken) || errors.Is(err, ErrInvalid) {
		t.Errorf("error %v, want one that wraps %q only", err, broken)
	}
}

func TestUnwritable(t *testing.T) {
	for _, text := range []string{"a\x00b", "\xff", "\ufffe"} {
		d := load(t, "complete.xml")
		d.SetText(Title, text)
		if src, err := d.Bytes(); !errors.Is(err, ErrInvalid) || len(src) > 0 {
			t.Errorf("title %q: error %v and %d bytes, want one that wraps ErrInvalid and nothing", text, err, len(src))
		}
		if err := d.Check(Draft); !errors.Is(err, ErrInvalid) {
			t.Errorf("title %q: Check returns %v, want an error that wraps ErrInvalid", text, err)
		}
	}
}

func TestCheckTooLong(t *testing.T) {
	d := load(t, "complete.xml")
	d.SetText(Description, strings.Repeat("x", MaxBytes))
	if err := d.Check(Draft); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "more than 1048576 bytes") {
		t.Errorf("error %v, want one about the size that wraps ErrInvalid", err)
	}
}
