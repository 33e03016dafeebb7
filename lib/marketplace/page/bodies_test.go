package page

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io/fs"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/peers"
)

// wellFormed asks another reader of XML.
func wellFormed(t *testing.T, src []byte) {
	t.Helper()
	peers.Need(t, "xmllint")
	c := exec.CommandContext(t.Context(), "xmllint", "--noout", "--nonet", "-")
	c.Stdin = bytes.NewReader(src)
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("xmllint: %v\n%s\n%s", err, out, src)
	}
}

// TestXML: what a listing holds can be verified, and reads back.
func TestXML(t *testing.T) {
	var documents [][]byte
	for _, e := range []*entry.Entry{plainEntry(t), hostileEntry(t)} {
		d, err := entry.Embeddable(e.Source)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, d)
	}
	for next, count := range map[string]int{"": 0, "metadata/page/3.xml": 1, `"><x a='&`: 2} {
		src := XML(documents[:count], next)
		wellFormed(t, src)
		got, err := entry.ParseListing(src)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(entry.Listing{Documents: documents[:count:count], Next: next}, got, cmp.Comparer(bytes.Equal), cmp.Transformer("empty", func(d [][]byte) int { return len(d) })); diff != "" {
			t.Errorf("listing (-want +got):\n%s", diff)
		}
		for i, d := range got.Documents {
			if _, err := entry.Verify(d); err != nil || !bytes.Equal(d, documents[i]) {
				t.Errorf("document %d: %v", i, err)
			}
		}
	}
}

func TestRows(t *testing.T) {
	s := entry.Summary{OS: "a", OSVersion: "b", OSArch: "c", Kind: "e", Description: "<script>", Title: "j", Locations: []string{"h", "x"}}
	s.Key = entry.Key{Identifier: "g", Email: "d", Created: "f"}
	for _, test := range []struct{ echo, want string }{
		{"3", `{"sEcho":3,"iTotalRecords":9,"iTotalDisplayRecords":5,"rMsg":"","aaData":[["","a","b","c","d","e","f","g","h","\u003cscript\u003e","j"]]}` + "\n"},
		{"<script>", `{"sEcho":0,"iTotalRecords":9,"iTotalDisplayRecords":5,"rMsg":"","aaData":[["","a","b","c","d","e","f","g","h","\u003cscript\u003e","j"]]}` + "\n"},
	} {
		got, err := Rows(test.echo, []entry.Summary{s}, 9, 5)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, string(got)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.echo, diff)
		}
	}
	if got, err := Rows("", nil, 0, 0); err != nil || !strings.Contains(string(got), `"aaData":[]`) {
		t.Errorf("no rows: got %s, %v", got, err)
	}
}

// TestAtom: a feed has what RFC 4287 wants, whatever is in it.
func TestAtom(t *testing.T) {
	plain, hostile := plainEntry(t).Summary(), hostileEntry(t).Summary()
	plain.Identifier, plain.Created = "I89HwwoHaOclj4tfSQ9i9zzlEbm", "2026-11-23T00:02:03Z"
	for _, test := range []struct {
		base string
		rows []entry.Summary
	}{{"", nil}, {"", []entry.Summary{plain, hostile}}, {"https://example.org/m/", []entry.Summary{hostile, plain}}} {
		src, err := Atom(test.base, test.rows)
		if err != nil {
			t.Fatal(err)
		}
		wellFormed(t, src)
		if strings.ContainsAny(string(src), "\u202E\u2066\u200B\u061C\u2028") {
			t.Error("invisible characters in the feed")
		}
		var f feed
		if err := xml.Unmarshal(src, &f); err != nil {
			t.Fatal(err)
		}
		want := feed{
			XMLName: xml.Name{Space: "http://www.w3.org/2005/Atom", Local: "feed"},
			ID:      "urn:uuid:f7eaeac0-16d6-5389-b5dc-ec684384054a", Title: "StratusLab Marketplace", Updated: "1970-01-01T00:00:00Z",
			Author: author{Name: "StratusLab Marketplace"},
			Links: []link{
				{"self", "application/atom+xml", test.base + "feed.atom"}, {"alternate", "text/html", test.base + "metadata/"},
			},
		}
		if test.base != "" {
			want.ID = test.base + "feed.atom"
		}
		ids := map[string]bool{}
		for i, e := range f.Entries {
			want.Updated = max(want.Updated, test.rows[i].Created)
			if e.ID == "" || ids[e.ID] || e.Title == "" || e.Updated != test.rows[i].Created || e.Author.Name != test.rows[i].Email {
				t.Errorf("entry %+v", e)
			}
			ids[e.ID] = true
		}
		if len(f.Entries) != len(test.rows) {
			t.Errorf("got %d entries, want %d", len(f.Entries), len(test.rows))
		}
		f.Entries = nil
		if diff := cmp.Diff(want, f); diff != "" {
			t.Errorf("feed (-want +got):\n%s", diff)
		}
	}
}

func TestSPARQL(t *testing.T) {
	rows := []entry.Summary{{Subject: "CN=a<b", Issuer: "CN=i", Tag: "x&y"}, {Subject: "CN=a<b", Issuer: "CN=i", Tag: "x&y"}, {Subject: "CN=b", Deprecated: "old", Locations: []string{"u", "v"}}}
	for i := range rows {
		rows[i].Key = entry.Key{Identifier: "id", Email: "a@b", Created: "2026"}
	}
	const head, tail = declaration + `<sparql xmlns="http://www.w3.org/2005/sparql-results#"><head>`, `</results></sparql>`
	bind := func(name, value string) string {
		return `<binding name="` + name + `"><literal>` + value + `</literal></binding>`
	}
	var h, e string
	for _, name := range []string{"identifier", "created", "description", "location", "deprecated", "email"} {
		h += `<variable name="` + name + `"></variable>`
	}
	for _, name := range []string{"email", "subject", "issuer"} {
		e += `<variable name="` + name + `"></variable>`
	}
	key := bind("identifier", "id") + bind("created", "2026")
	for _, test := range []struct {
		name  string
		write func([]entry.Summary) ([]byte, error)
		want  string
	}{
		{"endorsers", Endorsers, head + e + `</head><results><result>` + bind("email", "a@b") + bind("subject", "CN=a&lt;b") + bind("issuer", "CN=i") +
			`</result><result>` + bind("email", "a@b") + bind("subject", "CN=b") + `</result>` + tail},
		{"history", History, head + h + `</head><results><result>` + key + bind("email", "a@b") +
			`</result><result>` + key + bind("location", "u") + bind("deprecated", "old") + bind("email", "a@b") +
			`</result><result>` + key + bind("location", "v") + bind("deprecated", "old") + bind("email", "a@b") + `</result>` + tail},
		{"tags", Tags, head + `<variable name="tag"></variable></head><results><result>` + bind("tag", "x&amp;y") + `</result>` + tail},
	} {
		t.Run(test.name, func(t *testing.T) {
			src, err := test.write(rows)
			if err != nil {
				t.Fatal(err)
			}
			wellFormed(t, src)
			var lines []string
			for _, line := range strings.Split(string(src[len(declaration):]), "\n") {
				lines = append(lines, strings.TrimSpace(line))
			}
			if diff := cmp.Diff(test.want, declaration+strings.Join(lines, "")); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
			none, err := test.write(nil)
			if err != nil || bytes.Contains(none, []byte("<result>")) {
				t.Errorf("of nothing: got %s, %v", none, err)
			}
			wellFormed(t, none)
		})
	}
}

func TestFailure(t *testing.T) {
	f := Failure{Status: 400, Text: attack}
	wellFormed(t, f.XML())
	var message struct {
		XMLName xml.Name `xml:"error"`
		Text    string   `xml:",chardata"`
	}
	if err := xml.Unmarshal(f.XML(), &message); err != nil || message.Text != attack {
		t.Errorf("XML: got %q, %v", message.Text, err)
	}
	var got map[string]string
	if err := json.Unmarshal(f.JSON(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"400": attack}, got); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

func TestAssets(t *testing.T) {
	for _, name := range []string{"css/marketplace.css", "css/icon.svg", "js/marketplace.js"} {
		if src, err := fs.ReadFile(Assets(), name); err != nil || len(src) == 0 {
			t.Errorf("%s: got %d bytes, %v", name, len(src), err)
		}
	}
	src, err := Redirect()
	if err != nil || !bytes.Contains(src, []byte(`content="0; url=metadata/"`)) {
		t.Errorf("redirect: got %s, %v", src, err)
	}
}
