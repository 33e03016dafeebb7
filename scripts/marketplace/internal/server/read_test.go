package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/marketplace/registry"
	"github.com/stratuslab/stratus/lib/metadata"
)

// described makes an entry with a title and further texts, hours ago.
func described(t *testing.T, by *entrytest.Endorser, title string, hours int, texts map[metadata.Term]string) *entry.Entry {
	t.Helper()
	all := map[metadata.Term]string{
		metadata.Title: title, metadata.OS: "debian", metadata.OSVersion: "12", metadata.OSArch: "x86_64", metadata.Kind: "machine",
	}
	for term, text := range texts {
		all[term] = text
	}
	return by.Entry(t, entrytest.Description{Content: title, Created: ago(time.Duration(hours) * time.Hour), Texts: all})
}

// titles returns those in the rows of a table, and its counts.
func titles(t *testing.T, a reply) (found []string, total, matching int) {
	t.Helper()
	var table struct {
		Total    int        `json:"iTotalRecords"`
		Matching int        `json:"iTotalDisplayRecords"`
		Rows     [][]string `json:"aaData"`
	}
	if err := json.Unmarshal([]byte(a.body), &table); err != nil || a.status != 200 || a.media != typeJSON {
		t.Fatalf("%d %s %q: %v", a.status, a.media, a.body, err)
	}
	found = []string{}
	for _, row := range table.Rows {
		found = append(found, row[10])
	}
	return found, table.Total, table.Matching
}

func TestTable(t *testing.T) {
	m := newMarket(t, t.TempDir(), DefaultLimits())
	bob := entrytest.NewEndorser(t, "bob@example.org")
	m.publish(t,
		described(t, bob, "Gamma", 5, map[metadata.Term]string{
			metadata.OS: "fedora", metadata.OSVersion: "41", metadata.Location: "pdisk:host:1:2"}),
		described(t, bob, "Beta", 4, map[metadata.Term]string{metadata.OSArch: "i686", metadata.Location: "ftp://example.org/x"}),
		described(t, ada(t), "Alpha", 3, map[metadata.Term]string{
			metadata.Kind: "disk", metadata.Description: "needs 4 GiB (or more)"}),
	)
	all := []string{"Alpha", "Beta", "Gamma"}
	for query, want := range map[string][]string{
		"":                                  all,
		"sSearch=ALPHA":                     all[:1],
		"sSearch=^gamma$":                   {},
		"sSearch=al|ga":                     {"Alpha", "Gamma"},
		`sSearch=4+GiB+\(or`:                all[:1],
		"sSearch_1=FED":                     all[2:],
		"sSearch_2=^12$":                    all[:2],
		"sSearch_3=^i.86":                   all[1:2],
		"sSearch_4=bob":                     all[1:],
		"sSearch_5=disk":                    all[:1],
		"sSearch_1=debian&sSearch_4=^bob":   all[1:2],
		"os=debian&endorser=ADA":            all[:1],
		"title=a&version=4":                 all[2:],
		"arch=x86_64":                       {"Alpha", "Gamma"},
		"title=.":                           {},
		"location=web":                      all[:2],
		"location=pdisk":                    all[2:],
		"location=all":                      all,
		"iSortCol_0=10&sSortDir_0=desc":     {"Gamma", "Beta", "Alpha"},
		"iSortCol_0=1&sSortDir_0=desc":      {"Gamma", "Alpha", "Beta"},
		"iSortCol_0=99":                     all,
		"iDisplayStart=1&iDisplayLength=1":  all[1:2],
		"iDisplayStart=1&iDisplayLength=-1": all[1:],
		"iDisplayStart=7":                   {},
		"iSortCol_0=10&sSortDir_0=desc&iDisplayLength=1": all[2:],
		"status=deprecated":     {},
		"status=nonsense":       all,
		"email=bob@example.org": all[1:],
	} {
		for _, how := range []string{"GET", "POST"} {
			t.Run(how+" "+query, func(t *testing.T) {
				got := m.do(t, "GET", "/metadata?"+query, "", "Accept: application/json")
				if how == "POST" {
					got = m.do(t, "POST", "/metadata", query, "Content-Type: application/x-www-form-urlencoded", "Accept: "+browser)
				}
				found, _, _ := titles(t, got)
				if diff := cmp.Diff(want, found); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
	if _, total, matching := titles(t, m.get(t, "/metadata?sSearch=alpha&iDisplayLength=0", typeJSON)); total != 3 || matching != 1 {
		t.Errorf("%d of %d, want 1 of 3", matching, total)
	}
	if got := m.get(t, "/metadata?sEcho=%3Cscript%3E", typeJSON); strings.Contains(got.body, "script") {
		t.Errorf("the echo: %q", got.body)
	}
	for _, query := range []string{
		"sSearch=(", "sSearch_3=*", "sSearch=" + strings.Repeat("a", 300), "iDisplayStart=x", "iDisplayLength=-2", "iSortCol_0=1e3",
		"before=x", "os=" + strings.Repeat("a", 300),
	} {
		if got := m.get(t, "/metadata?"+query, "application/xml"); got.status != 400 || got.media != typeXML {
			t.Errorf("%s: got %d %s, want 400", query, got.status, got.media)
		}
	}
	long := "sSearch=" + strings.Repeat("a", 1<<17)
	if got := m.do(t, "POST", "/metadata", long, "Content-Type: application/x-www-form-urlencoded"); got.status != 400 {
		t.Errorf("a long query: %d", got.status)
	}
}

// TestManyElements: documents of very many elements are listed in parts that a client
// can read.
func TestManyElements(t *testing.T) {
	m := newMarket(t, t.TempDir(), DefaultLimits())
	for i := range 4 {
		m.publish(t, ada(t).Entry(t, entrytest.Description{
			Content: "image", Created: ago(time.Duration(i) * time.Minute), Elements: 18_000,
		}))
	}
	found := 0
	for next := "metadata"; next != ""; {
		var keys []string
		keys, next = listed(t, m.get(t, "/"+next, ""))
		found += len(keys)
	}
	if found != 4 {
		t.Errorf("%d entries are listed, want 4", found)
	}
}

// TestPaging: the parts of a listing make up all of it, though entries arrive
// between them.
func TestPaging(t *testing.T) {
	limits := DefaultLimits()
	limits.Documents, limits.Bytes = 4, 20_000
	m := newMarket(t, t.TempDir(), limits)
	by := ada(t)
	var want []string
	for n := range 12 {
		size := 1
		if n%3 == 0 {
			size = 12_000 // only one of them fits
		}
		e := described(t, by, fmt.Sprint(n), 100-n, map[metadata.Term]string{metadata.Description: strings.Repeat("x", size)})
		m.publish(t, e)
		want = append(want, e.Path())
	}
	slices.Reverse(want)
	var got []string
	var sizes []int
	for path := "metadata/" + url.PathEscape("ada@example.org") + "?status=all&iDisplayLength=11"; path != ""; {
		a := m.get(t, "/"+path, typeXML)
		keys, next := listed(t, a)
		if len(a.body) > limits.Bytes+1000 || len(keys) > limits.Documents {
			t.Errorf("a listing of %d documents and %d bytes", len(keys), len(a.body))
		}
		got, path, sizes = append(got, keys...), next, append(sizes, len(keys))
		m.publish(t, described(t, by, fmt.Sprint("new", len(sizes)), 0, nil))
	}
	if diff := cmp.Diff(want[:11], got); diff != "" || len(sizes) < 3 {
		t.Errorf("listings of %d (-want +got):\n%s", sizes, diff)
	}
}

// TestBrowsersAreSent: browsers search and browse with the static page. Only where the
// original has something that does not exist, they get an error.
func TestBrowsersAreSent(t *testing.T) {
	m := newMarket(t, t.TempDir(), DefaultLimits())
	e := described(t, ada(t), "one", 1, nil)
	m.publish(t, e)
	image := "?status=all&words=" + e.Identifier
	both := "?status=all&words=" + e.Identifier + "+ada%40example.org"
	for path, want := range map[string]string{
		"/metadata":  "./",
		"/metadata/": "../",
		"/metadata/?title=a+b&os=&status=all&media=html":         "../?status=all&words=a+b",
		"/metadata?email=ada@example.org&status=expired":         "./?status=expired&words=ada%40example.org",
		"/metadata/" + e.Identifier:                              "../" + image,
		"/metadata/ada@example.org/" + e.Identifier + "/":        "../../../" + both,
		"/metadata/ada@example.org/" + e.Identifier + "?status=": "../../" + both,
		"/endorsers":                       "./",
		"/endorsers/ada@example.org":       "../?status=all&words=ada%40example.org",
		"/endorsers/ada@example.org/tags":  "../../?status=all&words=ada%40example.org",
		"/metadata/eve@example.org":        "",
		"/metadata?identifier=nothing":     "",
		"/endorsers/eve@example.org":       "",
		"/endorsers/eve@example.org/tags/": "",
	} {
		got := m.get(t, path, browser)
		status := http.StatusSeeOther
		if want == "" {
			status = http.StatusNotFound
		}
		if got.status != status || got.header.Get("Location") != want {
			t.Errorf("%s: got %d %q, want %d %q", path, got.status, got.header.Get("Location"), status, want)
		}
	}
}

// TestStaticFiles: the server has what the static page needs, before the first
// publication and after it, and nothing else of the directory.
func TestStaticFiles(t *testing.T) {
	m := newMarket(t, t.TempDir(), DefaultLimits())
	for _, when := range []string{"empty", "with an entry"} {
		for path, media := range map[string]string{
			"/": "text/html", "/index.html": "text/html", "/marketplace.css": "text/css", "/marketplace.js": "text/javascript",
			"/feed.atom": "application/atom+xml",
		} {
			if got := m.get(t, path, browser); got.status != 200 || got.media != media || got.body == "" {
				t.Errorf("%s, %s: %d %s %.100q", when, path, got.status, got.media, got.body)
			} else if media == "text/html" && !strings.Contains(got.body, `<a href="upload">`) {
				t.Errorf("%s, %s: no link for uploads", when, path)
			}
		}
		m.publish(t, described(t, ada(t), "one", 1, nil))
	}
	var head registry.Head
	got := m.get(t, "/log/head.json", "*/*")
	if err := json.Unmarshal([]byte(got.body), &head); err != nil || got.media != typeJSON || head.Entries != 2 {
		t.Errorf("the head: %d %s %q: %v", got.status, got.media, got.body, err)
	}
	var rows []registry.Row
	got = m.get(t, "/"+head.Page(0), "*/*")
	err := json.Unmarshal([]byte(got.body), &rows)
	if err != nil || len(rows) != 2 || got.header.Get("Cache-Control") != "no-cache" {
		t.Errorf("the newest page: %d %v %q: %v", got.status, got.header, got.body, err)
	}
	// A page that is full never changes.
	full := head
	full.Pages, full.Entries = 2, registry.PageEntries+head.Last
	body, err := json.Marshal(full)
	if err == nil {
		err = os.WriteFile(filepath.Join(m.dir, "log", "head.json"), body, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got = m.get(t, "/"+head.Page(0), "*/*"); !strings.Contains(got.header.Get("Cache-Control"), "immutable") {
		t.Errorf("a full page: %d %v", got.status, got.header)
	}
	for _, path := range []string{
		"/log", "/log/", "/log/x.json", "/log/x/0.json", "/log/%2e%2e", "/log/..%2f.stratus/x.json", "/log/..%2findex.html",
		"/.stratus", "/.stratus/journal", "/log/" + head.Generation, "/metadata/" + head.Generation, "/marketplace.css/x",
	} {
		if got := m.get(t, path, browser); got.status != 404 {
			t.Errorf("%s: %d %.100q, want 404", path, got.status, got.body)
		}
	}
}

func TestMethodsAndHeaders(t *testing.T) {
	m := newMarket(t, t.TempDir(), DefaultLimits())
	e := described(t, ada(t), "one", 1, nil)
	m.publish(t, e)
	for _, test := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"PUT", "/metadata", 405, "GET, HEAD, POST"},
		{"DELETE", "/" + e.URLPath(), 405, "GET, HEAD"},
		{"POST", "/metadata/" + e.Identifier, 405, "GET, HEAD"},
		{"POST", "/upload", 405, "GET, HEAD"},
		{"OPTIONS", "/", 405, "GET, HEAD"},
		{"HE", "/", 405, "GET, HEAD"},
		{"POST", "/log/head.json", 405, "GET, HEAD"},
		{"POST", "/sync", 404, ""},
		{"GET", "/action/x/confirm", 404, ""},
		{"GET", "/log/../../x", 404, ""},
		{"GET", "/css/", 404, ""},
		{"GET", "/query", 501, ""},
		{"GET", "/health", 200, ""},
		{"GET", "/feed.atom", 200, ""},
		{"GET", "/upload/", 200, ""},
		{"HEAD", "/metadata", 200, ""},
		{"HEAD", "/" + e.URLPath(), 200, ""},
		{"HEAD", "/nothing", 404, ""},
		{"HEAD", "/upload", 200, ""},
		{"HEAD", "/", 200, ""},
		{"GET", "/endorsers/ada@example.org?range=1", 200, ""},
		{"GET", "/endorsers/ada@example.org?range=x", 400, ""},
		{"GET", "/endorsers/ada@example.org?range=99999999", 400, ""},
	} {
		got := m.do(t, test.method, test.path, "", "Accept: application/xml")
		if got.status != test.status || got.header.Get("Allow") != test.allow {
			t.Errorf("%s %s: got %d, Allow %q; want %d, %q",
				test.method, test.path, got.status, got.header.Get("Allow"), test.status, test.allow)
		}
		if test.method == "HEAD" && got.body != "" {
			t.Errorf("HEAD %s has a body", test.path)
		}
		csp := got.header.Get("Content-Security-Policy")
		isXML := slices.Contains([]string{typeXML, typeRDF, typeAtom}, got.media)
		if strings.HasPrefix(csp, "sandbox; default-src 'none'") != isXML ||
			!strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s %s, %s: Content-Security-Policy %q", test.method, test.path, got.media, csp)
		}
	}
	for _, path := range []string{"/metadata", "/" + e.URLPath(), "/marketplace.js", "/log/head.json"} {
		tag := m.get(t, path, typeXML).header.Get("ETag")
		got := m.do(t, http.MethodGet, path, "", "Accept: application/xml", "If-None-Match: "+tag)
		if tag == "" || got.status != 304 || got.body != "" {
			t.Errorf("%s with ETag %q: %d", path, tag, got.status)
		}
	}
}

// TestAccessLog: one line for each request, whatever is in it.
func TestAccessLog(t *testing.T) {
	m := newMarket(t, t.TempDir(), DefaultLimits())
	m.do(t, http.MethodGet, "/nothing%0Ahere?x=%1b[31m", "", "X-Forwarded-For: forged, 192.0.2.7")
	m.do(t, http.MethodGet, "/health", "", "X-Forwarded-For: <script>")
	lines := strings.Split(m.log.String(), "\n")
	for i, line := range lines {
		text, _ := strings.CutPrefix(line, "info ")
		at, rest, _ := strings.Cut(text, " ")
		if when, err := time.Parse("2006-01-02T15:04:05Z", at); err != nil || time.Since(when) > time.Minute {
			t.Errorf("line %q has no time: %v", line, err)
		}
		lines[i] = "info " + rest
	}
	for i, want := range []string{`info GET "/nothing%0Ahere?x=%1b[31m" 404 `, `info GET "/health" 200 3 `} {
		from := []string{" 192.0.2.7", " 127.0.0.1"}[i]
		if i >= len(lines) || !strings.HasPrefix(lines[i], want) || !strings.HasSuffix(lines[i], from) {
			t.Errorf("line %d of %q, want %q", i, lines, want)
		}
	}
}
