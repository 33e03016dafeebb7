package strictxml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// event is a piece of a document as both this package and encoding/xml see it:
// "<" and ">" with the expanded name of an element, "@" with an attribute, "t"
// with text, "!" with a comment, "?" with an instruction.
type event struct{ What, Space, Name, Text string }

func treeEvents(events []event, nodes []*Node) []event {
	for _, n := range nodes {
		switch n.Kind {
		case Element:
			events = append(events, event{"<", spaces(n.URI), n.Local, ""})
			for _, a := range n.Attributes {
				events = append(events, event{"@", spaces(a.URI), a.Local, spaces(a.Value)})
			}
			events = treeEvents(events, n.Children)
			events = append(events, event{">", spaces(n.URI), n.Local, ""})
		case Text, CData:
			events = appendText(events, n.Data)
		case Comment:
			events = append(events, event{"!", "", "", n.Data})
		case Instruction:
			events = append(events, event{"?", "", n.Local, n.Data})
		}
	}
	return events
}

func decoderEvents(src []byte) (events []event, err error) {
	decoder := xml.NewDecoder(bytes.NewReader(src))
	depth := 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return events, nil
		}
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth++
			events = append(events, event{"<", spaces(token.Name.Space), token.Name.Local, ""})
			for _, a := range token.Attr {
				if a.Name.Space != "xmlns" && a.Name != (xml.Name{Local: "xmlns"}) {
					events = append(events, event{"@", spaces(a.Name.Space), a.Name.Local, spaces(a.Value)})
				}
			}
		case xml.EndElement:
			depth--
			events = append(events, event{">", spaces(token.Name.Space), token.Name.Local, ""})
		case xml.CharData:
			if depth > 0 {
				events = appendText(events, string(token))
			}
		case xml.Comment:
			events = append(events, event{"!", "", "", normaliseLineEnds(string(token))})
		case xml.ProcInst:
			if token.Target != "xml" {
				events = append(events, event{"?", "", token.Target, normaliseLineEnds(string(token.Inst))})
			}
		}
	}
}

// appendText joins adjacent text, which the two split differently.
func appendText(events []event, text string) []event {
	if text == "" {
		return events
	}
	if last := len(events) - 1; last >= 0 && events[last].What == "t" {
		events[last].Text += text
		return events
	}
	return append(events, event{"t", "", "", text})
}

// spaces evens out the white space of attributes and namespaces, which
// encoding/xml does not normalise.
func spaces(value string) string {
	return strings.NewReplacer("\t", " ", "\n", " ", "\r", " ").Replace(value)
}

// FuzzParse looks for a panic and for a document that encoding/xml reads
// differently.
func FuzzParse(f *testing.F) {
	for _, test := range refused {
		f.Add([]byte(test.src))
	}
	files, err := filepath.Glob("../testdata/vectors/*.xml")
	if err != nil || len(files) == 0 {
		f.Fatalf("no documents to begin with: %v", err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		doc, err := Parse(src, Limits{})
		if err != nil {
			if !errors.Is(err, ErrSyntax) || !ValidText(err.Error()) {
				t.Errorf("error %q, want printable text that wraps ErrSyntax", err)
			}
			return
		}
		want, err := decoderEvents(src)
		if err != nil {
			t.Fatalf("encoding/xml refuses what Parse accepts: %v", err)
		}
		if diff := cmp.Diff(want, treeEvents(nil, doc.Nodes)); diff != "" {
			t.Errorf("encoding/xml reads it differently (-encoding/xml +Parse):\n%s", diff)
		}
	})
}
