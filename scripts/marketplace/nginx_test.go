package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/marketplace/publishtest"
	"github.com/stratuslab/stratus/lib/metadata"
)

// said is what a program would read out of a body: the documents of a listing
// as they were signed, the rows of a table, the triples of RDF/JSON, or the text
// itself. Pages are for people, and need not be the same.
func said(t *testing.T, path string, a answer) any {
	t.Helper()
	switch a.Media {
	case "application/xml":
		if !strings.Contains(a.body, "<metadata") {
			return a.body
		}
		l, err := entry.ParseListing([]byte(a.body))
		if err != nil {
			t.Fatalf("%.200q: %v", a.body, err)
		}
		var documents []string
		for _, d := range l.Documents {
			documents = append(documents, string(d))
		}
		slices.Sort(documents)
		return documents
	case "application/json":
		var value map[string]any
		if err := json.Unmarshal([]byte(a.body), &value); err != nil {
			t.Fatalf("%.200q: %v", a.body, err)
		}
		if rows, ok := value["aaData"].([]any); ok {
			slices.SortFunc(rows, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
			return rows
		}
		return value
	case "text/html":
		return nil
	case "application/rdf+xml":
		if strings.Contains(path, "tag") { // its file has no XML declaration
			document, err := entry.Embeddable([]byte(a.body))
			if err != nil {
				t.Fatal(err)
			}
			return string(document)
		}
	}
	return a.body
}

// site has entries of all kinds.
type site struct {
	ada, bob                    []*entry.Entry
	expired, deprecated, hidden *entry.Entry
}

func newSite(t *testing.T, dir string) site {
	ada, bob := entrytest.NewEndorser(t, "ada@example.org"), entrytest.NewEndorser(t, "bob@example.org")
	minutes := 100
	make := func(by *entrytest.Endorser, is entrytest.Description) *entry.Entry {
		minutes--
		is.Created = ago(time.Duration(minutes) * time.Minute)
		return by.Entry(t, is)
	}
	texts := func(pairs ...string) map[metadata.Term]string {
		all := map[metadata.Term]string{metadata.OS: "debian", metadata.OSVersion: "12", metadata.OSArch: "x86_64", metadata.Kind: "machine"}
		for i := 0; i < len(pairs); i += 2 {
			all[map[string]metadata.Term{"title": metadata.Title, "tag": metadata.Alternative, "deprecated": metadata.Deprecated}[pairs[i]]] = pairs[i+1]
		}
		return all
	}
	s := site{
		hidden: make(ada, entrytest.Description{Content: "one", Texts: texts("title", "The old one", "tag", "web")}),
		ada: []*entry.Entry{
			make(ada, entrytest.Description{Content: "one", Texts: texts("title", "One <b>&amp;", "tag", "web")}),
			make(ada, entrytest.Description{Content: "two", Texts: texts("title", "Two", "tag", "a tag: 100 µ?")}),
		},
		bob:        []*entry.Entry{make(bob, entrytest.Description{Content: "one", Texts: texts("title", "One, too", "tag", "web")})},
		expired:    make(bob, entrytest.Description{Content: "three", Valid: ago(time.Minute), Texts: texts("title", "Three", "tag", "old")}),
		deprecated: make(ada, entrytest.Description{Content: "four", Texts: texts("title", "Four", "tag", "web", "deprecated", "holes")}),
	}
	publishtest.Into(t, dir, s.hidden, s.ada[0], s.ada[1], s.bob[0], s.expired, s.deprecated)
	return s
}

const (
	asXML, asJSON, asHTML = "application/xml", "application/json", "text/html"
	asRDF                 = "application/rdf+xml"
	asBrowser             = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
)

// expected is what both answer.
type expected struct {
	status int
	media  string
}

// readRequests are those of the original: what is answered to each path with each
// header Accept.
func readRequests(s site) map[string]map[string]expected {
	one, two := s.ada[0].Key, s.ada[1].Key
	requests := map[string]map[string]expected{}
	add := func(path string, want map[string]expected) { requests[path] = want }
	// A listing, as XML, JSON and HTML, and where there is none.
	listing := func(path string) {
		add(path, map[string]expected{"": {200, asXML}, "*/*": {200, asXML}, asXML: {200, asXML}, "text/xml, application/json": {200, asXML},
			asJSON: {200, asJSON}, asBrowser: {200, asHTML}, asHTML: {200, asHTML}, "image/png": {200, asXML}})
	}
	onlyXML := func(path string) { add(path, map[string]expected{"": {200, asXML}, asXML: {200, asXML}}) }
	missing := func(path string) {
		add(path, map[string]expected{"": {404, asHTML}, asXML: {404, asXML}, "text/xml": {404, asXML}, asJSON: {404, asJSON}, asBrowser: {404, asHTML}})
	}
	for _, path := range []string{
		"/metadata", "/metadata/", "//metadata//", "/metadata?status=valid", "/metadata?location=all",
		"/metadata/" + one.Identifier, "/metadata/" + one.Identifier + "/", "/metadata//" + one.Identifier,
		"/metadata/" + one.Email, "/metadata/" + one.Created,
		"/metadata/" + one.Identifier + "/" + one.Email, "/metadata/" + one.Email + "/" + one.Identifier,
		"/metadata/" + one.Identifier + "/" + one.Created, "/metadata/" + one.Created + "/" + one.Identifier + "/",
		"/metadata/" + one.Email + "/" + one.Created, "/metadata/" + one.Created + "/" + one.Email,
		"/metadata/" + url.PathEscape(one.Email) + "/" + strings.ReplaceAll(one.Created, ":", "%3A"),
		"/metadata?identifier=" + one.Identifier, "/metadata?email=" + url.QueryEscape(one.Email), "/metadata?email=" + one.Email,
		"/metadata?created=" + url.QueryEscape(one.Created), "/metadata/" + one.Identifier + "?email=" + one.Email,
		"/metadata/" + s.hidden.Identifier + "/" + s.hidden.Created,
	} {
		listing(path)
	}
	for _, path := range []string{
		"/metadata?status=expired", "/metadata?status=deprecated", "/metadata?status=all", "/metadata?status=", "/metadata?media=xml",
		"/metadata/" + s.expired.Identifier + "?status=expired", "/metadata/" + s.deprecated.Identifier + "?status=deprecated",
		"/metadata/" + one.Identifier + "?status=all", "/metadata/" + s.expired.Email + "?status=expired",
		"/metadata/" + s.ada[0].Email + "?status=any",
	} {
		onlyXML(path)
	}
	add("/metadata?media=json", map[string]expected{asXML: {200, asJSON}})
	add("/metadata?media=html", map[string]expected{asXML: {200, asHTML}})
	for _, path := range []string{
		"/metadata/" + metadata.IdentifierOf(make([]byte, 20)), "/metadata/eve@example.org", "/metadata/2001-01-01T00:00:00Z", "/metadata/word",
		"/metadata/" + two.Identifier + "/" + s.expired.Email, "/metadata/" + two.Identifier + "/" + two.Identifier,
		"/metadata/" + one.Identifier + "/" + one.Email + "/2001-01-01T00:00:00Z", "/metadata/" + one.Path(), "/metadata/x/y/z",
		"/metadata?identifier=word", "/metadata?email=eve@example.org",
		"/tag/" + one.Email + "/none", "/tag/eve@example.org/web", "/metadata/" + one.Email + "?tag=none",
		"/endorsers/eve@example.org", "/endorsers/eve@example.org/tags",
		"/sync", "/action/b1b1d1e2-0000-4000-8000-000000000000/confirm", "/nothing", "/.stratus", "/.stratus/lock", "/metadata/.stratus", "/css/none.css",
	} {
		missing(path)
	}
	add("/metadata/"+s.expired.Identifier, map[string]expected{asXML: {404, asXML}, asHTML: {200, asHTML}})
	add("/metadata/"+s.deprecated.Identifier, map[string]expected{asXML: {404, asXML}, asHTML: {200, asHTML}})
	add("/metadata/"+one.Identifier+"?status=expired", map[string]expected{asXML: {404, asXML}})
	for _, e := range []*entry.Entry{s.ada[0], s.hidden, s.expired, s.deprecated, s.bob[0]} {
		for _, path := range []string{"/" + e.Path(), "/" + e.Path() + "/", "/" + e.URLPath(), "//" + e.Path()} {
			add(path, map[string]expected{"": {200, asRDF}, asRDF: {200, asRDF}, asXML: {200, asRDF}, asJSON: {200, "application/json"}, asBrowser: {200, asHTML}})
		}
		add("/"+e.Path()+"?media=xml", map[string]expected{asBrowser: {200, asRDF}})
		add("/"+e.Path()+".json", map[string]expected{asBrowser: {200, asJSON}, asXML: {200, asJSON}})
		add("/"+e.Path()+".html", map[string]expected{"": {200, asHTML}})
	}
	for _, path := range []string{
		"/tag/" + one.Email + "/web", "/tag/" + url.PathEscape(one.Email) + "/web/", "/tag/" + one.Email + "/" + url.PathEscape("a tag: 100 µ?"),
		"/tag/" + s.expired.Email + "/old", "/metadata/" + one.Email + "?tag=web", "/metadata/" + one.Email + "?tag=" + url.PathEscape("a tag: 100 µ?"),
	} {
		add(path, map[string]expected{"": {200, asRDF}, asXML: {200, asRDF}, asRDF: {200, asRDF}})
	}
	add("/endorsers", map[string]expected{"": {200, asXML}, asXML: {200, asXML}, asHTML: {200, asHTML}})
	add("/endorsers/", map[string]expected{"application/sparql-results+xml": {200, asXML}, asBrowser: {200, asHTML}})
	for _, path := range []string{"/endorsers/" + one.Email, "/endorsers/" + one.Email + "/tags", "/endorsers/" + s.expired.Email + "/tags/"} {
		onlyXML(path)
	}
	add("/query?query=SELECT", map[string]expected{asXML: {501, asXML}, asJSON: {501, asJSON}, "": {501, asHTML}})
	add("/", map[string]expected{"": {200, asHTML}, asBrowser: {200, asHTML}})
	add("/css/marketplace.css", map[string]expected{"": {200, "text/css"}})
	add("/js/marketplace.js", map[string]expected{"": {200, "text/javascript"}})
	return requests
}

// TestNginx asks the read requests of the original of both: nginx with the
// example configuration over the directory, and the server over the same.
func TestNginx(t *testing.T) {
	dir := t.TempDir()
	s := newSite(t, dir)
	nginx, server := startNginx(t, dir), start(t, dir).url
	for path, accepts := range readRequests(s) {
		for accept, want := range accepts {
			t.Run(path+" "+accept, func(t *testing.T) {
				fromServer, fromNginx := get(t, server+path, accept), get(t, nginx+path, accept)
				for who, got := range map[string]answer{"server": fromServer, "nginx": fromNginx} {
					if got.Status != want.status || got.Media != want.media {
						t.Errorf("%s: got %d %s, want %v: %.200q", who, got.Status, got.Media, want, got.body)
					}
				}
				isXML := want.media == asXML || want.media == asRDF
				if policy := fromNginx.header.Get("Content-Security-Policy"); strings.HasPrefix(policy, "sandbox; default-src 'none'") != isXML {
					t.Errorf("Content-Security-Policy of %s: %q", want.media, policy)
				}
				if want.status == 200 && !t.Failed() {
					if diff := cmp.Diff(said(t, path, fromServer), said(t, path, fromNginx)); diff != "" {
						t.Errorf("(-server +nginx):\n%s", diff)
					}
				}
				for _, header := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Vary"} {
					if a, b := fromServer.header.Get(header), fromNginx.header.Get(header); a == "" || a != b {
						t.Errorf("%s: server %q, nginx %q", header, a, b)
					}
				}
				if a, b := fromServer.header.Get("Content-Disposition"), fromNginx.header.Get("Content-Disposition"); want.media == asRDF && strings.HasPrefix(path, "/metadata/") && !strings.Contains(path, "tag=") && a != b {
					t.Errorf("Content-Disposition: server %q, nginx %q", a, b)
				}
			})
		}
	}
}
