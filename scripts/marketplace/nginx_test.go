package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/marketplace/publishtest"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/remote"
)

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
		all := map[metadata.Term]string{
			metadata.OS: "debian", metadata.OSVersion: "12", metadata.OSArch: "x86_64", metadata.Kind: "machine",
		}
		names := map[string]metadata.Term{"title": metadata.Title, "tag": metadata.Alternative, "deprecated": metadata.Deprecated}
		for i := 0; i < len(pairs); i += 2 {
			all[names[pairs[i]]] = pairs[i+1]
		}
		return all
	}
	describe := func(by *entrytest.Endorser, content string, pairs ...string) *entry.Entry {
		return make(by, entrytest.Description{Content: content, Texts: texts(pairs...)})
	}
	var s site
	s.hidden = describe(ada, "one", "title", "The old one", "tag", "web")
	s.ada = append(s.ada, describe(ada, "one", "title", "One <b>&amp;", "tag", "web"))
	s.ada = append(s.ada, describe(ada, "two", "title", "Two", "tag", "a tag: 100 µ?"))
	s.bob = append(s.bob, describe(bob, "one", "title", "One, too", "tag", "web"))
	s.expired = make(bob, entrytest.Description{
		Content: "three", Valid: ago(time.Minute), Texts: texts("title", "Three", "tag", "old")})
	s.deprecated = describe(ada, "four", "title", "Four", "tag", "web", "deprecated", "holes")
	publishtest.Into(t, dir, s.hidden, s.ada[0], s.ada[1], s.bob[0], s.expired, s.deprecated)
	return s
}

const (
	asXML, asJSON, asHTML = "application/xml", "application/json", "text/html"
	asRDF                 = "application/rdf+xml"
	asBrowser             = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
)

// expected is an answer.
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
		add(path, map[string]expected{
			"": {200, asXML}, "*/*": {200, asXML}, asXML: {200, asXML}, "text/xml, application/json": {200, asXML},
			asJSON: {200, asJSON}, asBrowser: {200, asHTML}, asHTML: {200, asHTML}, "image/png": {200, asXML},
		})
	}
	onlyXML := func(path string) { add(path, map[string]expected{"": {200, asXML}, asXML: {200, asXML}}) }
	missing := func(path string) {
		add(path, map[string]expected{
			"": {404, asHTML}, asXML: {404, asXML}, "text/xml": {404, asXML}, asJSON: {404, asJSON}, asBrowser: {404, asHTML},
		})
	}
	for _, path := range []string{
		"/metadata", "/metadata/", "//metadata//", "/metadata?status=valid", "/metadata?location=all",
		"/metadata/" + one.Identifier, "/metadata/" + one.Identifier + "/", "/metadata//" + one.Identifier,
		"/metadata/" + one.Email, "/metadata/" + one.Created,
		"/metadata/" + one.Identifier + "/" + one.Email, "/metadata/" + one.Email + "/" + one.Identifier,
		"/metadata/" + one.Identifier + "/" + one.Created, "/metadata/" + one.Created + "/" + one.Identifier + "/",
		"/metadata/" + one.Email + "/" + one.Created, "/metadata/" + one.Created + "/" + one.Email,
		"/metadata/" + url.PathEscape(one.Email) + "/" + strings.ReplaceAll(one.Created, ":", "%3A"),
		"/metadata?identifier=" + one.Identifier, "/metadata?email=" + url.QueryEscape(one.Email),
		"/metadata?email=" + one.Email, "/metadata?created=" + url.QueryEscape(one.Created),
		"/metadata/" + one.Identifier + "?email=" + one.Email,
		"/metadata/" + s.hidden.Identifier + "/" + s.hidden.Created,
	} {
		listing(path)
	}
	for _, path := range []string{
		"/metadata?status=expired", "/metadata?status=deprecated", "/metadata?status=all", "/metadata?status=",
		"/metadata?media=xml",
		"/metadata/" + s.expired.Identifier + "?status=expired", "/metadata/" + s.deprecated.Identifier + "?status=deprecated",
		"/metadata/" + one.Identifier + "?status=all", "/metadata/" + s.expired.Email + "?status=expired",
		"/metadata/" + s.ada[0].Email + "?status=any",
	} {
		onlyXML(path)
	}
	add("/metadata?media=json", map[string]expected{asXML: {200, asJSON}})
	add("/metadata?media=html", map[string]expected{asXML: {200, asHTML}})
	for _, path := range []string{
		"/metadata/" + metadata.IdentifierOf(make([]byte, 20)), "/metadata/eve@example.org", "/metadata/2001-01-01T00:00:00Z",
		"/metadata/word", "/metadata/" + one.Path() + ".json",
		"/metadata/" + two.Identifier + "/" + s.expired.Email, "/metadata/" + two.Identifier + "/" + two.Identifier,
		"/metadata/" + one.Identifier + "/" + one.Email + "/2001-01-01T00:00:00Z", "/metadata/" + one.Path(), "/metadata/x/y/z",
		"/metadata?identifier=word", "/metadata?email=eve@example.org",
		"/tag/" + one.Email + "/none", "/tag/eve@example.org/web", "/metadata/" + one.Email + "?tag=none",
		"/endorsers/eve@example.org", "/endorsers/eve@example.org/tags",
		"/sync", "/action/b1b1d1e2-0000-4000-8000-000000000000/confirm", "/nothing", "/.stratus", "/.stratus/lock",
		"/metadata/.stratus", "/css/none.css",
	} {
		missing(path)
	}
	add("/metadata/"+s.expired.Identifier, map[string]expected{asXML: {404, asXML}, asHTML: {200, asHTML}})
	add("/metadata/"+s.deprecated.Identifier, map[string]expected{asXML: {404, asXML}, asHTML: {200, asHTML}})
	add("/metadata/"+one.Identifier+"?status=expired", map[string]expected{asXML: {404, asXML}})
	for _, e := range []*entry.Entry{s.ada[0], s.hidden, s.expired, s.deprecated, s.bob[0]} {
		for _, path := range []string{"/" + e.Path(), "/" + e.Path() + "/", "/" + e.URLPath(), "//" + e.Path()} {
			add(path, map[string]expected{
				"": {200, asRDF}, asRDF: {200, asRDF}, asXML: {200, asRDF}, asJSON: {200, asJSON}, asBrowser: {200, asHTML},
			})
		}
		add("/"+e.Path()+"?media=xml", map[string]expected{asBrowser: {200, asRDF}})
	}
	for _, path := range []string{
		"/tag/" + one.Email + "/web", "/tag/" + url.PathEscape(one.Email) + "/web/",
		"/tag/" + one.Email + "/" + url.PathEscape("a tag: 100 µ?"), "/tag/" + s.expired.Email + "/old",
		"/metadata/" + one.Email + "?tag=web", "/metadata/" + one.Email + "?tag=" + url.PathEscape("a tag: 100 µ?"),
	} {
		add(path, map[string]expected{"": {200, asRDF}, asXML: {200, asRDF}, asRDF: {200, asRDF}})
	}
	add("/endorsers", map[string]expected{"": {200, asXML}, asXML: {200, asXML}, asHTML: {200, asHTML}})
	add("/endorsers/", map[string]expected{"application/sparql-results+xml": {200, asXML}, asBrowser: {200, asHTML}})
	for _, path := range []string{
		"/endorsers/" + one.Email, "/endorsers/" + one.Email + "/tags", "/endorsers/" + s.expired.Email + "/tags/",
	} {
		onlyXML(path)
	}
	add("/query?query=SELECT", map[string]expected{asXML: {501, asXML}, asJSON: {501, asJSON}, "": {501, asHTML}})
	add("/", map[string]expected{"": {200, asHTML}, asBrowser: {200, asHTML}})
	add("/marketplace.css", map[string]expected{"": {200, "text/css"}})
	add("/marketplace.js", map[string]expected{"": {200, "text/javascript"}})
	add("/log/head.json", map[string]expected{"": {200, asJSON}, asBrowser: {200, asJSON}})
	return requests
}

// TestReadRequests asks the server the read requests of the original.
func TestReadRequests(t *testing.T) {
	dir := t.TempDir()
	s := newSite(t, dir)
	server := start(t, dir).url
	for path, accepts := range readRequests(s) {
		for accept, want := range accepts {
			if got := get(t, server+path, accept); got.Status != want.status || got.Media != want.media {
				t.Errorf("%s, Accept: %s: got %d %s, want %v: %.200q", path, accept, got.Status, got.Media, want, got.body)
			}
		}
	}
}

// fileRequests are the read requests that nginx answers by files alone.
func fileRequests(s site) map[string]map[string]expected {
	one := s.ada[0].Key
	missing := map[string]expected{
		"": {404, asHTML}, asXML: {404, asXML}, "text/xml": {404, asXML}, asJSON: {404, asJSON}, "text/plain": {404, asHTML},
	}
	needsServer := map[string]expected{"": {501, asHTML}, asXML: {501, asXML}, asJSON: {501, asJSON}, asBrowser: {200, asHTML}}
	requests := make(map[string]map[string]expected)
	add := func(want map[string]expected, paths ...string) {
		for _, path := range paths {
			requests[path] = want
		}
	}
	add(map[string]expected{
		"": {200, asXML}, "*/*": {200, asXML}, asXML: {200, asXML}, asRDF: {200, asXML}, "image/png": {200, asXML},
		asJSON: {501, asJSON}, asBrowser: {200, asHTML}, asHTML: {200, asHTML},
	}, "/metadata/"+one.Identifier, "/metadata/"+one.Identifier+"/", "/metadata//"+one.Identifier,
		"/metadata/"+one.Identifier+"?status=all", "/metadata/"+one.Identifier+"?status=", "/metadata/"+s.expired.Identifier)
	add(map[string]expected{"": {200, asXML}, asXML: {200, asXML}, asJSON: {200, asXML}, asBrowser: {200, asXML}},
		"/metadata/"+one.Identifier+"/index.xml", "/tag/"+one.Email+"/web/index.xml")
	add(map[string]expected{asBrowser: {200, asXML}}, "/metadata/"+one.Identifier+"?media=xml")
	for _, e := range []*entry.Entry{s.ada[0], s.hidden, s.expired, s.deprecated, s.bob[0]} {
		add(map[string]expected{
			"": {200, asRDF}, asRDF: {200, asRDF}, asXML: {200, asRDF}, asJSON: {501, asJSON}, asBrowser: {200, asHTML},
		}, "/"+e.Path(), "/"+e.Path()+"/", "/"+e.URLPath(), "//"+e.Path())
		add(map[string]expected{asBrowser: {200, asRDF}}, "/"+e.Path()+"?media=xml")
	}
	add(map[string]expected{"": {200, asXML}, asXML: {200, asXML}, asJSON: {501, asJSON}},
		"/tag/"+one.Email+"/web", "/tag/"+url.PathEscape(one.Email)+"/web/", "/tag/"+one.Email+"/"+url.PathEscape("a tag: 100 µ?"))
	add(needsServer, "/metadata", "/metadata/", "//metadata//", "/metadata?status=all", "/metadata/"+one.Email, "/endorsers",
		"/metadata/"+one.Identifier+"/"+one.Email, "/endorsers/"+one.Email, "/endorsers/"+one.Email+"/tags/",
		"/metadata/"+one.Identifier+"?status=valid", "/metadata/"+one.Identifier+"?location=pdisk", "/metadata?sSearch=x")
	add(map[string]expected{"": {501, asHTML}, asXML: {501, asXML}, asJSON: {501, asJSON}, asBrowser: {501, asHTML}},
		"/metadata/"+one.Created, "/metadata/"+one.Email+"/"+one.Identifier, "/query?query=SELECT", "/upload", "/health")
	add(map[string]expected{"": {404, asHTML}, asXML: {404, asXML}, asJSON: {501, asJSON}},
		"/metadata/"+metadata.IdentifierOf(make([]byte, 20)), "/tag/eve@example.org/web",
		"/metadata/"+one.Identifier+"/"+one.Email+"/2001-01-01T00:00:00Z")
	add(missing, "/metadata/word", "/metadata/x/y/z", "/metadata/"+one.Path(), "/nothing", "/sync", "/.stratus",
		"/.stratus/lock", "/metadata/.stratus", "/.error/404.xml", "/log/none.json", "/log/")
	add(map[string]expected{"": {200, asHTML}, asXML: {200, asHTML}, asBrowser: {200, asHTML}}, "/", "/index.html")
	add(map[string]expected{"": {200, "text/css"}}, "/marketplace.css")
	add(map[string]expected{"": {200, "text/javascript"}}, "/marketplace.js")
	add(map[string]expected{"": {200, asJSON}, asBrowser: {200, asJSON}}, "/log/head.json")
	add(map[string]expected{"": {200, "application/atom+xml"}}, "/feed.atom")
	return requests
}

// TestNginx asks nginx with the example configuration over the directory. Where the
// server answers the same request, headers and documents are the same.
func TestNginx(t *testing.T) {
	dir := t.TempDir()
	s := newSite(t, dir)
	nginx, server := startNginx(t, dir), start(t, dir).url
	for path, accepts := range fileRequests(s) {
		for accept, want := range accepts {
			t.Run(path+" "+accept, func(t *testing.T) {
				fromNginx, fromServer := get(t, nginx+path, accept), get(t, server+path, accept)
				if fromNginx.Status != want.status || fromNginx.Media != want.media {
					t.Fatalf("got %d %s, want %v: %.200q", fromNginx.Status, fromNginx.Media, want, fromNginx.body)
				}
				isXML := want.media == asXML || want.media == asRDF || want.media == "application/atom+xml"
				policy := fromNginx.header.Get("Content-Security-Policy")
				if strings.HasPrefix(policy, "sandbox; default-src 'none'") != isXML {
					t.Errorf("Content-Security-Policy of %s: %q", want.media, policy)
				}
				headers := []string{"X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Vary"}
				if fromServer.Media == want.media {
					headers = append(headers, "Content-Security-Policy")
				}
				if want.media == asRDF {
					headers = append(headers, "Content-Disposition")
					if fromNginx.body != fromServer.body {
						t.Errorf("the documents differ:\n%s\n%s", fromNginx.body, fromServer.body)
					}
				}
				for _, header := range headers {
					if a, b := fromServer.header.Get(header), fromNginx.header.Get(header); a == "" || a != b {
						t.Errorf("%s: server %q, nginx %q", header, a, b)
					}
				}
			})
		}
	}
	for path, want := range map[string][]*entry.Entry{
		"/metadata/" + s.hidden.Identifier: {s.bob[0], s.ada[0], s.hidden},
		"/tag/" + s.bob[0].Email + "/web":  {s.bob[0]},
	} {
		l, err := entry.ParseListing([]byte(get(t, nginx+path, asXML).body))
		if err != nil {
			t.Fatal(err)
		}
		var got, wanted []string
		for _, document := range l.Documents {
			e, err := entry.Verify(document)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e.Path())
		}
		for _, e := range want {
			wanted = append(wanted, e.Path())
		}
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

// TestNginxSends: nginx sends browsers to the static page, and answers nothing but
// requests to read.
func TestNginxSends(t *testing.T) {
	dir := t.TempDir()
	s := newSite(t, dir)
	nginx := startNginx(t, dir)
	e := s.ada[0]
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	do := func(method, path string, headers ...string) (status int, header http.Header) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, nginx+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			req.Header.Set(name, value)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode, resp.Header
	}
	for path, want := range map[string]string{
		"/metadata": "/", "/metadata/": "/", "/endorsers": "/",
		"/metadata/" + e.Identifier:                 "/?status=all&words=" + e.Identifier,
		"/metadata/" + e.Email + "/":                "/?status=all&words=" + e.Email,
		"/metadata/" + e.Identifier + "/" + e.Email: "/?status=all&words=" + e.Identifier + "+" + e.Email,
		"/endorsers/" + e.Email + "/tags":           "/?status=all&words=" + e.Email,
		"/" + e.Path():                              "/#" + e.Path(),
	} {
		if status, header := do("GET", path, "Accept: "+asBrowser); status != 303 || header.Get("Location") != want {
			t.Errorf("%s: got %d %q, want 303 %q", path, status, header.Get("Location"), want)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		for _, path := range []string{"/", "/metadata/" + e.Identifier, "/" + e.Path()} {
			if status, _ := do(method, path, "Accept: "+asXML); status != 405 {
				t.Errorf("%s %s: got %d, want 405", method, path, status)
			}
		}
	}
	path := "/metadata/" + e.Identifier
	_, header := do("GET", path)
	status, header := do("GET", path, "If-None-Match: "+header.Get("ETag"))
	if policy := header.Values("Content-Security-Policy"); status != 304 || len(policy) > 0 {
		t.Errorf("once more: %d, Content-Security-Policy %q; want 304 and none", status, policy)
	}
}

// TestNginxClient: what finds images works with nginx over the directory.
func TestNginxClient(t *testing.T) {
	dir := t.TempDir()
	s := newSite(t, dir)
	finder, err := marketplace.Open(t.Context(), startNginx(t, dir), remote.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = finder.Close() }()
	one := s.ada[0]
	for name, test := range map[string]struct {
		query entry.Query
		want  []*entry.Entry
	}{
		"image":    {entry.Query{Identifier: one.Identifier}, []*entry.Entry{s.bob[0], one}},
		"key":      {entry.Query{Identifier: one.Identifier, Email: one.Email, Created: one.Created}, []*entry.Entry{one}},
		"tag":      {entry.Query{Email: one.Email, Tag: "a tag: 100 µ?"}, []*entry.Entry{s.ada[1]}},
		"endorser": {entry.Query{Email: one.Email, Status: entry.Valid}, []*entry.Entry{s.ada[1], one}},
		"expired":  {entry.Query{Status: entry.Expired}, []*entry.Entry{s.expired}},
		"nobody":   {entry.Query{Email: "eve@example.org"}, nil},
	} {
		var got, want []string
		for e, err := range finder.Find(t.Context(), test.query) {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got = append(got, e.Path())
		}
		for _, e := range test.want {
			want = append(want, e.Path())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
