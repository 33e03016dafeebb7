package page

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/metadata"
)

// elementsOf reads the elements of a page, which are balanced like those of XML but
// for the ones that HTML leaves open.
func elementsOf(t *testing.T, src []byte) []xml.StartElement {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(src))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var found []xml.StartElement
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, src)
		}
		if e, ok := token.(xml.StartElement); ok {
			found = append(found, e.Copy())
		}
	}
}

func get(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// TestHostilePages: whatever an entry or a request says is text.
func TestHostilePages(t *testing.T) {
	for name, v := range views(t) {
		t.Run(name, func(t *testing.T) {
			src, err := v.HTML()
			if err != nil {
				t.Fatal(err)
			}
			if i := bytes.IndexFunc(src, func(r rune) bool { return r != '\n' && !unicode.IsGraphic(r) }); i >= 0 {
				t.Errorf("invisible character in %q", src[max(0, i-20):i+20])
			}
			policies := 0
			for _, e := range elementsOf(t, src) {
				switch {
				case e.Name.Local == "script" && !strings.HasSuffix(get(e, "src"), "../js/marketplace.js"),
					e.Name.Local == "style", e.Name.Local == "img", e.Name.Local == "base":
					t.Errorf("element %v", e)
				case get(e, "http-equiv") == "Content-Security-Policy":
					policies++
				}
				for _, a := range e.Attr {
					if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "style" {
						t.Errorf("attribute %v", a)
					}
				}
				for _, href := range []string{get(e, "href"), get(e, "src"), get(e, "action")} {
					if u, err := url.Parse(href); err != nil || u.Scheme != "" || u.Host != "" || strings.HasPrefix(u.Path, "/") {
						t.Errorf("link to %q: %v", href, err)
					}
				}
			}
			if policies != 1 {
				t.Errorf("got %d policies, want 1", policies)
			}
		})
	}
}

// TestNamesOfControls: whatever can be filled in has a label, and every id is
// there once.
func TestNamesOfControls(t *testing.T) {
	for name, v := range views(t) {
		src, err := v.HTML()
		if err != nil {
			t.Fatal(err)
		}
		ids := map[string]int{}
		for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllSubmatch(src, -1) {
			ids[string(m[1])]++
		}
		for id, n := range ids {
			if n != 1 {
				t.Errorf("%s: %d elements with id %q", name, n, id)
			}
		}
		for _, m := range regexp.MustCompile(`(for|aria-labelledby)="([^"]*)"`).FindAllSubmatch(src, -1) {
			if ids[string(m[2])] == 0 {
				t.Errorf("%s: nothing has the id %q", name, m[2])
			}
		}
		for _, m := range regexp.MustCompile(`(?s).{60}<(input|select) [^>]*>`).FindAllString(string(src), -1) {
			if !strings.Contains(m, "<label>") && !strings.Contains(m, "</label>\n<input id=") {
				t.Errorf("%s: no label before %q", name, m)
			}
		}
	}
}

func links(t *testing.T, v interface{ HTML() ([]byte, error) }) []string {
	t.Helper()
	src, err := v.HTML()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	_, main, _ := bytes.Cut(src, []byte("<main"))
	for _, m := range regexp.MustCompile(`<a [^>]*href="([^"]*)"`).FindAllSubmatch(main, -1) {
		found = append(found, string(m[1]))
	}
	return found
}

func TestLinks(t *testing.T) {
	e := plainEntry(t)
	k := e.Key
	older, newer := k, k
	older.Created, newer.Created = "2026-01-01T00:00:00Z", "2026-11-23T00:30:00Z"
	path := "../" + k.URLPath()
	self := []string{"http://images.example.org/image.img", "../metadata/alice@example.org/"}
	end := []string{path + "?media=xml", path + ".json", "../metadata/" + k.Identifier + "/"}
	join := func(parts ...[]string) (all []string) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	site := Site{Root: "../"}
	for _, test := range []struct {
		name string
		page interface{ HTML() ([]byte, error) }
		want []string
	}{
		{"list", List{Site: site, Rows: []entry.Summary{e.Summary()}, Newer: "./", Older: "page/1.html", Now: now},
			[]string{path + ".html", "../metadata/alice@example.org/", "./", "page/1.html"}},
		{"alone", Single{Site: site, Entry: e, Now: now}, join(self, end)},
		{"latest", Single{Site: site, Entry: e, History: []entry.Key{older, k}, Now: now},
			join(self, []string{"../" + older.URLPath() + ".html"}, end)},
		{"superseded", Single{Site: site, Entry: e, History: []entry.Key{k, newer}, Now: now},
			join([]string{"../" + newer.URLPath() + ".html"}, self, []string{"../" + newer.URLPath() + ".html"}, end)},
		{"hostile", Single{Site: site, Entry: hostileEntry(t), Now: now}, nil},
		{"uploaded", Uploaded{Site: site, Key: k, URL: "x"}, []string{path + ".html", "../upload"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := links(t, test.page)
			if test.want == nil { // no download, and one of the two related images
				got = got[:1]
				test.want = []string{"../metadata/MMZu9WvwKIro-rtBQfDk4PsKO7_/"}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("links (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLocations: what a browser can fetch is a link.
func TestLocations(t *testing.T) {
	for uri, link := range map[string]bool{
		"https://example.org/a.img": true, "http://example.org:8080/a.img.gz?x=1": true, "HTTPS://example.org/a": true,
		"ftp://example.org/a": false, "sftp://a@example.org/a": false, "javascript:alert(1)": false, "JaVaScRiPt:alert(1)": false,
		"data:text/html,x": false, "//example.org/a": false, "a.img": false, "http:///a": false, "https:a": false,
		"https://bank.example@evil.example/": false, "pdisk:example.org:x": false, "": false,
	} {
		got := locations([]string{uri})[0]
		if got.Value != uri || (got.Href != "") != link {
			t.Errorf("%q: got link %q, want one: %t", uri, got.Href, link)
		}
	}
}

// TestSingleSays: everything about an entry is on its page.
func TestSingleSays(t *testing.T) {
	e := plainEntry(t)
	s := e.Summary()
	src, err := Single{Site: Site{Root: "../", Static: true}, Entry: e, Now: now}.HTML()
	if err != nil {
		t.Fatal(err)
	}
	image, err := e.Endorsed.Document.Image()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"<title>Ubuntu &amp; more – StratusLab Marketplace</title>", ">valid</span>", `data-valid="` + s.Valid, "signature verified",
		"stratus-create-image -o new.qcow2 " + s.Identifier, s.Fingerprint, "Tester of alice@example.org", s.Subject, s.Issuer,
		`title="http://mp.stratuslab.eu/slterms#os-version">OS version</dt><dd dir="auto">24.04</dd>`,
		">Tag</dt><dd dir=\"auto\">web</dd>", ">SHA-512</dt>", e.Endorsed.Method + " over " + e.Endorsed.Digest,
		"verified when this page was written", metadata.IdentifierOf(image.SHA1), "small",
		"the certificate is self-signed: nobody but the signer says that the address is theirs",
	} {
		if !bytes.Contains(src, []byte(want)) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if bytes.Contains(src, []byte(`href="../upload"`)) {
		t.Error("a file offers to upload")
	}
}
