package server

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
)

// form makes a multipart form of fields; those with a file name are files.
func form(t *testing.T, fields ...[3]string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range fields {
		part, err := w.CreateFormField(f[0])
		if f[1] != "" {
			part, err = w.CreateFormFile(f[0], f[1])
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(f[2])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

func TestUploadAccepted(t *testing.T) {
	m := newMarket(t, filepath.Join(t.TempDir(), "new"), DefaultLimits())
	by := ada(t)
	n := 0
	// next is another document, with its key.
	next := func() (string, entry.Key) {
		n++
		e := by.Entry(t, entrytest.Description{Content: strings.Repeat("x", n)})
		return string(e.Source), e.Key
	}
	for name, contentType := range map[string]string{
		"xml": "application/xml", "text": "text/xml; charset=utf-8", "rdf": "application/rdf+xml", "case": "Application/XML",
		"form": "", "form, second part": "",
	} {
		t.Run(name, func(t *testing.T) {
			source, key := next()
			body, of := source, contentType
			switch name {
			case "form":
				body, of = form(t, [3]string{"any name", "image.xml", source})
			case "form, second part":
				body, of = form(t,
					[3]string{"text", "", "no file"}, [3]string{"Metadata File", "a.xml", source}, [3]string{"more", "b.xml", "<x/>"})
			}
			for _, again := range []struct {
				status int
				text   string
			}{{201, "metadata entry created"}, {200, "metadata entry exists already"}} {
				got := m.do(t, http.MethodPost, "/metadata/", body, "Content-Type: "+of, "Accept: application/xml")
				if got.status != again.status || got.media != "text/plain" || got.body != again.text {
					t.Fatalf("got %d %s %q, want %v", got.status, got.media, got.body, again)
				}
				for _, header := range []string{"Location", "Content-Location"} {
					if want := m.http.URL + "/" + key.URLPath(); got.header.Get(header) != want {
						t.Errorf("%s: got %q, want %q", header, got.header.Get(header), want)
					}
				}
			}
			there := m.get(t, "/"+key.URLPath(), "")
			if there.status != 200 || there.media != "application/rdf+xml" || there.body != source {
				t.Errorf("the entry: %d %s, the same: %t", there.status, there.media, there.body == source)
			}
			if want := `attachment; filename="` + key.Identifier + `.xml"`; there.header.Get("Content-Disposition") != want {
				t.Errorf("Content-Disposition: got %q, want %q", there.header.Get("Content-Disposition"), want)
			}
			if keys, _ := listed(t, m.get(t, "/metadata/"+key.Identifier, "")); !cmp.Equal(keys, []string{key.Path()}) {
				t.Errorf("listed are %q, want %q", keys, key.Path())
			}
		})
	}
}

func TestUploadRefused(t *testing.T) {
	m := newMarket(t, t.TempDir(), DefaultLimits())
	by := ada(t)
	source := string(by.Sign(t, entrytest.Description{Content: "x", Created: ago(time.Hour)}))
	m.publish(t, by.Entry(t, entrytest.Description{Content: "x", Created: ago(time.Minute)}))
	empty, emptyType := form(t, [3]string{"text", "", source})
	none, noneType := form(t, [3]string{"f", "a.xml", ""})
	large, largeType := form(t, [3]string{"f", "a.xml", strings.Repeat(" ", 1<<20) + source})
	const xmlType, invalid = "application/xml", "invalid metadata: "
	future := string(by.Sign(t, entrytest.Description{Content: "y", Created: time.Now().Add(time.Hour)}))
	unsigned := source[:strings.Index(source, "<Signature")] + "</rdf:RDF>"
	for name, test := range map[string]struct {
		body, contentType string
		status            int
		reason            string // a part of it
	}{
		"older":             {source, xmlType, 400, invalid + "older than latest entry"},
		"future":            {future, "text/xml", 400, invalid + "dated in the future"},
		"changed":           {strings.Replace(source, ">base<", ">grid<", 1), xmlType, 400, invalid},
		"no signature":      {unsigned, xmlType, 400, invalid},
		"quoting & markup":  {strings.Replace(source, "</rdf:RDF>", "&lt;&amp;</rdf:RDF>", 1), xmlType, 400, invalid},
		"no XML":            {"<rdf:RDF", xmlType, 400, "unable to parse metadata: "},
		"no text":           {"\x00\xff", xmlType, 400, "unable to parse metadata: "},
		"empty":             {"", xmlType, 400, "post with null entity"},
		"form, no file":     {empty, emptyType, 400, "no valid file uploaded"},
		"form, empty file":  {none, noneType, 400, "no valid file uploaded"},
		"form, cut":         {empty[:len(empty)/2], emptyType, 400, "unable to read the document: "},
		"form, no boundary": {empty, "multipart/form-data", 400, "unable to read the document: "},
		"too large":         {strings.Repeat(" ", 1<<20) + source, xmlType, 413, "metadata too large"},
		"form, too large":   {large, largeType, 413, "metadata too large"},
		"far too large":     {strings.Repeat(" ", 3<<20), xmlType, 413, "metadata too large"},
		"other type":        {source, "text/plain", 415, "unsupported content type"},
		"no type":           {source, "", 415, "unsupported content type"},
	} {
		t.Run(name, func(t *testing.T) {
			post := func(accept string) reply {
				got := m.do(t, http.MethodPost, "/metadata", test.body, "Content-Type: "+test.contentType, "Accept: "+accept)
				if got.status != test.status {
					t.Fatalf("%s: got %d %q, want %d", accept, got.status, got.body, test.status)
				}
				return got
			}
			got := post("application/xml, text/plain;q=0.9")
			var failure struct {
				XMLName xml.Name `xml:"error"`
				Text    string   `xml:",chardata"`
			}
			err := xml.Unmarshal([]byte(got.body), &failure)
			if err != nil || got.media != "application/xml" || !strings.Contains(failure.Text, test.reason) {
				t.Errorf("got %s %q, want a reason %q: %v", got.media, got.body, test.reason, err)
			}
			got = post("application/json")
			var object map[string]string
			err = json.Unmarshal([]byte(got.body), &object)
			if err != nil || len(object) != 1 || object[strconv.Itoa(test.status)] != failure.Text {
				t.Errorf("JSON: got %q, want %q: %v", got.body, failure.Text, err)
			}
			got = post(browser)
			if got.media != "text/html" || !strings.Contains(got.body, `type="file"`) {
				t.Errorf("HTML: got %s %q, want the form", got.media, got.body)
			}
		})
	}
	if found, err := os.ReadDir(filepath.Join(m.dir, ".stratus", "tmp")); len(found) > 0 {
		t.Errorf("left in .stratus/tmp: %v %v", found, err)
	}
}
