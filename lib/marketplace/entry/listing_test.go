package entry

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// signed is a document that the original software signed.
func signed(t testing.TB) []byte {
	t.Helper()
	src, err := os.ReadFile("../../testdata/vectors/signed-by-stratuslab/plain.rsa-san.xml")
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestParseListing(t *testing.T) {
	document, err := Embeddable(signed(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(document); err != nil {
		t.Errorf("the document as it stands in a listing: %v", err)
	}
	tests := map[string]struct {
		src  string
		want Listing
		err  string
	}{
		"a document": {string(signed(t)), Listing{Documents: [][]byte{signed(t)}}, ""},
		"none":       {"<metadata/>", Listing{}, ""},
		"two": {"<?xml version=\"1.0\"?><metadata>\n" + string(document) + string(document) + "</metadata>",
			Listing{Documents: [][]byte{document, document}}, ""},
		"more":           {`<metadata next="metadata/page/3.xml"/>`, Listing{Next: "metadata/page/3.xml"}, ""},
		"another root":   {"<html/>", Listing{}, `root element "html"`},
		"a namespace":    {`<metadata xmlns="x"/>`, Listing{}, "root element"},
		"a prefix":       {`<metadata xmlns:rdf="x"/>`, Listing{}, "root element"},
		"not XML":        {"error", Listing{}, "reading a listing"},
		"too long a one": {"<metadata><a>" + strings.Repeat("x", 1<<20) + "</a></metadata>", Listing{}, "a document of 1048583 bytes"},
		"too long":       {"<metadata>" + strings.Repeat(" ", MaxListing) + "</metadata>", Listing{}, "reading a listing"},
	}
	for name, test := range tests {
		got, err := ParseListing([]byte(test.src))
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if test.err == "" && err != nil || test.err != "" && (!errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), test.err)) {
			t.Errorf("%s: got %v, want %q", name, err, test.err)
		}
	}
}

// FuzzParseListing: documents are parts of the source, in its order.
func FuzzParseListing(f *testing.F) {
	f.Add(signed(f))
	f.Add([]byte("<metadata next='x'><a/><b>c</b></metadata>"))
	f.Add([]byte("<metadata>"))
	f.Fuzz(func(t *testing.T, src []byte) {
		l, err := ParseListing(src)
		if err != nil {
			if !errors.Is(err, ErrInvalid) || l.Documents != nil {
				t.Errorf("%d documents, %v", len(l.Documents), err)
			}
			return
		}
		rest := src
		for _, document := range l.Documents {
			at := bytes.Index(rest, document)
			if at < 0 || len(document) == 0 {
				t.Fatalf("%q is not in the source", document)
			}
			rest = rest[at+len(document):]
		}
	})
}
