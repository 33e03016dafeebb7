package page

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
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

func TestRows(t *testing.T) {
	s := entry.Summary{OS: "a", OSVersion: "b", OSArch: "c", Kind: "e", Description: "<script>", Title: "j"}
	s.Locations = []string{"h", "x"}
	s.Key = entry.Key{Identifier: "g", Email: "d", Created: "f"}
	const rest = `,"iTotalRecords":9,"iTotalDisplayRecords":5,"rMsg":"",` +
		`"aaData":[["","a","b","c","d","e","f","g","h","\u003cscript\u003e","j"]]}` + "\n"
	for echo, want := range map[string]string{"3": `{"sEcho":3` + rest, "<script>": `{"sEcho":0` + rest} {
		got := Rows(echo, []entry.Summary{s}, 9, 5)
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", echo, diff)
		}
	}
	if got := Rows("", nil, 0, 0); !strings.Contains(string(got), `"aaData":[]`) {
		t.Errorf("no rows: got %s", got)
	}
}

func TestSPARQL(t *testing.T) {
	rows := []entry.Summary{
		{Subject: "CN=a<b", Issuer: "CN=i", Tag: "x&y"},
		{Subject: "CN=a<b", Issuer: "CN=i", Tag: "x&y"},
		{Subject: "CN=b", Deprecated: "old", Locations: []string{"u", "v"}},
	}
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
	result := func(bindings ...string) string { return "<result>" + strings.Join(bindings, "") + "</result>" }
	email := bind("email", "a@b")
	for _, test := range []struct {
		name  string
		write func([]entry.Summary) []byte
		want  string
	}{
		{
			name: "endorsers", write: Endorsers,
			want: head + e + `</head><results>` +
				result(email, bind("subject", "CN=a&lt;b"), bind("issuer", "CN=i")) +
				result(email, bind("subject", "CN=b")) + tail,
		},
		{
			name: "history", write: History,
			want: head + h + `</head><results>` + result(key, email) +
				result(key, bind("location", "u"), bind("deprecated", "old"), email) +
				result(key, bind("location", "v"), bind("deprecated", "old"), email) + tail,
		},
		{
			name: "tags", write: Tags,
			want: head + `<variable name="tag"></variable></head><results>` + result(bind("tag", "x&amp;y")) + tail,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			src := test.write(rows)
			wellFormed(t, src)
			var lines []string
			for _, line := range strings.Split(string(src[len(declaration):]), "\n") {
				lines = append(lines, strings.TrimSpace(line))
			}
			if diff := cmp.Diff(test.want, declaration+strings.Join(lines, "")); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
			none := test.write(nil)
			if bytes.Contains(none, []byte("<result>")) {
				t.Errorf("of nothing: got %s", none)
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
