package page

import (
	"bytes"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
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
				case slices.Contains([]string{"script", "style", "img", "base"}, e.Name.Local):
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

func links(t *testing.T, v html) []string {
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
	site, path := Site{Root: "../"}, "../"+k.URLPath()
	self := []string{"http://images.example.org/image.img", "../?status=all&amp;words=alice%40example.org"}
	end := []string{path + "?media=xml", "../?status=all&amp;words=" + k.Identifier}
	for name, test := range map[string]struct {
		page html
		want []string
	}{
		"alone": {
			page: Entry{Site: site, Key: k, Entry: e, Now: now}, want: slices.Concat(self, end)},
		"latest": {
			page: Entry{Site: site, Key: k, Entry: e, Series: []entry.Key{older, k}, Now: now},
			want: slices.Concat(self, []string{"../" + older.URLPath()}, end)},
		"superseded": {
			page: Entry{Site: site, Key: k, Entry: e, Series: []entry.Key{k, newer}, Now: now},
			want: slices.Concat([]string{"../" + newer.URLPath()}, self, []string{"../" + newer.URLPath()}, end)},
		"invalid": {
			page: Entry{Site: site, Key: k, Invalid: "changed"}, want: []string{end[1], end[0]}},
		"uploaded": {
			page: Uploaded{Site: site, Key: k, URL: "x"}, want: []string{path, end[1], "../upload"}},
		"failure": {
			page: Failure{Site: site, Status: 404, Text: "no"}, want: []string{"../"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, links(t, test.page)); diff != "" {
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

// TestEntrySays: everything about an entry is on its page.
func TestEntrySays(t *testing.T) {
	e := plainEntry(t)
	s := e.Summary()
	src, err := Entry{Site: Site{Root: "../"}, Key: e.Key, Entry: e, Now: now}.HTML()
	if err != nil {
		t.Fatal(err)
	}
	image, err := e.Endorsed.Document.Image()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"<title>Ubuntu &amp; more – StratusLab Marketplace</title>", ">valid</span>", "Valid until " + s.Valid,
		"signature verified",
		"stratus-create-image -o new.qcow2 " + s.Identifier, s.Fingerprint, "Tester of alice@example.org", s.Subject, s.Issuer,
		`<dt>OS version</dt><dd dir="auto">24.04</dd>`, `<dt>Tag</dt><dd dir="auto">web</dd>`, "<p>5 B. To build",
		"<dt>SHA-1</dt>", "<dt>SHA-512</dt>", e.Endorsed.Method + " over " + e.Endorsed.Digest,
		hex.EncodeToString(image.SHA512), "small",
		"the certificate is self-signed: nobody but the signer says that the address is theirs",
	} {
		if !bytes.Contains(src, []byte(want)) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// TestInvalidHides: of an entry that cannot be verified the page shows its key only.
func TestInvalidHides(t *testing.T) {
	e := plainEntry(t)
	src, err := Entry{Key: e.Key, Invalid: "the digest is wrong"}.HTML()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(src, []byte("the digest is wrong")) || !bytes.Contains(src, []byte(e.Identifier)) {
		t.Errorf("the page: %s", src)
	}
	for _, hidden := range []string{"signature verified", "Ubuntu", "images.example.org", "create-image"} {
		if bytes.Contains(src, []byte(hidden)) {
			t.Errorf("the page says %q", hidden)
		}
	}
}

func TestReason(t *testing.T) {
	for name, test := range map[string]struct {
		of   entry.Summary
		want string
	}{
		"valid":      {entry.Summary{Valid: "2027-01-01T00:00:00Z"}, "Valid until 2027-01-01T00:00:00Z"},
		"expired":    {entry.Summary{Valid: "2026-01-01T00:00:00Z"}, "Expired on 2026-01-01T00:00:00Z"},
		"no expiry":  {entry.Summary{}, "It has no time of expiry, and is never listed as valid."},
		"deprecated": {entry.Summary{Valid: "2027-01-01T00:00:00Z", Deprecated: "old"}, "old"},
	} {
		if got := reason(test.of, test.of.Status(now)); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
