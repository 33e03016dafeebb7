package server

import (
	"net/http/httptest"
	"testing"
)

func TestWanted(t *testing.T) {
	for _, test := range []struct {
		target, accept  string
		answer, failure format
	}{
		{"/", "", "xml", "html"},
		{"/", "*/*", "xml", "html"},
		{"/", browser, "html", "html"},
		{"/", "application/xml", "xml", "xml"},
		{"/", "application/rdf+xml", "xml", "xml"},
		{"/", "TEXT/HTML", "html", "html"},
		{"/", "application/json", "json", "json"},
		{"/", "application/rdf+json, text/html", "html", "html"},
		{"/", "text/html, application/json", "html", "html"},
		{"/", "text/html;q=0.5, application/json;q=0.6", "json", "html"},
		{"/", "application/xml;q=0.5, application/json", "json", "xml"},
		{"/", "text/html;q=0, application/json;q=0.1", "json", "html"},
		{"/", "text/html;level=1;q=0.3, */*;q=0.2", "html", "html"},
		{"/", "text/*", "xml", "html"},
		{"/", "application/*;q=0.2, text/html;q=0.1", "xml", "html"},
		{"/", "image/png", "xml", "html"},
		{"/", "text/html;q=NaN", "xml", "html"},
		{"/", "text/html;q=2, application/json;q=-1", "xml", "html"},
		{"/", ",;,=;q,text/html", "html", "html"},
		{"/?media=json", browser, "json", "json"},
		{"/?media=xml", browser, "xml", "xml"},
		{"/?media=html", "application/xml", "html", "html"},
		{"/?media=pdf", "application/json", "json", "json"},
	} {
		r := httptest.NewRequest("GET", test.target, nil)
		if test.accept != "" {
			r.Header.Set("Accept", test.accept)
		}
		if answer, failure := wanted(r), wantedFailure(r); answer != test.answer || failure != test.failure {
			t.Errorf("%s, Accept: %q: got %s and %s for errors, want %s and %s",
				test.target, test.accept, answer, failure, test.answer, test.failure)
		}
	}
}

// FuzzAccept: whatever the header, there is an answer.
func FuzzAccept(f *testing.F) {
	for _, seed := range []string{"", browser, "*/*;q=0.1", "text/html;q=", ";;,,", "a/b;q=0.5;q=0.6"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Accept"] = []string{accept}
		for _, got := range []format{wanted(r), wantedFailure(r)} {
			if got != formatXML && got != formatJSON && got != formatHTML {
				t.Errorf("Accept: %q: got %q", accept, got)
			}
		}
	})
}

func TestBaseURL(t *testing.T) {
	for _, test := range []struct{ host, proto, prefix, want string }{
		{"example.org", "", "", "http://example.org"},
		{"example.org:8081", "https", "", "https://example.org:8081"},
		{"[::1]:8081", "HTTPS", "", "http://[::1]:8081"},
		{"example.org", "https", "/marketplace/", "https://example.org/marketplace"},
		{"example.org", "javascript", "/a/b", "http://example.org/a/b"},
		{"example.org", "https", "//evil.example.org", "https://example.org"},
		{"example.org", "https", "/a\"><script>", "https://example.org"},
		{"", "", "", ""},
		{"example.org/path", "", "", ""},
		{"user@example.org", "", "", ""},
		{"ex ample", "", "", ""},
	} {
		r := httptest.NewRequest("POST", "/metadata", nil)
		r.Host = test.host
		r.Header.Set("X-Forwarded-Proto", test.proto)
		r.Header.Set("X-Forwarded-Prefix", test.prefix)
		got, err := baseURL(r)
		if got != test.want || (err != nil) != (test.want == "") {
			t.Errorf("%+v: got %q, %v", test, got, err)
		}
	}
}

func TestSiteAndSegments(t *testing.T) {
	for _, test := range []struct {
		target, root string
		parts        int // -1: there is no such page
	}{
		{"/", "./", 0},
		{"/metadata", "./", 1},
		{"/metadata/", "../", 1},
		{"//metadata", "../", 1},
		{"/metadata//a", "../../", 2},
		{"/tag/e/a%2Fb", "../../", 3},
		{"/a/%2e%2e/b", "../../", -1},
		{"/a/./b", "../../", -1},
	} {
		r := httptest.NewRequest("GET", "http://here"+test.target, nil)
		parts, ok := segments(r)
		if got := site(r).Root; got != test.root || ok != (test.parts >= 0) || ok && len(parts) != test.parts {
			t.Errorf("%s: root %q, parts %q, %t; want %q, %d", test.target, got, parts, ok, test.root, test.parts)
		}
	}
}
