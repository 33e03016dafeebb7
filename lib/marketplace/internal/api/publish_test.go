package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/remote"
)

// client makes a client of a server that does as handle says.
func client(t *testing.T, handle http.HandlerFunc) *Marketplace {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	h, err := remote.NewHTTP(remote.Options{
		Idle:    2 * time.Second,
		Retries: remote.Retries{Attempts: 3, MinWait: time.Millisecond, MaxWait: 10 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	base, err := url.Parse(server.URL + "/some/where/")
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(base, h)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// answer answers every request in the same way.
func answer(status int, kind, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			w.Header().Set(name, value)
		}
		if kind != "" {
			w.Header().Set("Content-Type", kind)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// TestPublishAnswers: what Marketplaces answer, and others in their place.
func TestPublishAnswers(t *testing.T) {
	e := entrytest.NewEndorser(t, "jane+vm@example.org").Entry(t, entrytest.Description{Content: "image"})
	const own = "OWN" // the URL that the client makes itself
	right := "/some/where/" + e.URLPath()
	tests := map[string]struct {
		handle http.HandlerFunc
		want   entry.Receipt
		kind   error  // that the error wraps
		text   string // in the error
	}{
		"created, as the original":          {answer(201, "text/plain", "metadata entry created", "Content-Location: "+right), entry.Receipt{URL: own}, nil, ""},
		"created, Location":                 {answer(201, "text/plain", "", "Location: "+right), entry.Receipt{URL: own}, nil, ""},
		"created, nothing said":             {answer(201, "", ""), entry.Receipt{URL: own}, nil, ""},
		"created, on another host":          {answer(201, "", "", "Location: https://market.example.org/x/"+e.URLPath()), entry.Receipt{URL: own}, nil, ""},
		"created, a script":                 {answer(201, "", "", "Location: javascript:alert(1)//"+e.URLPath()), entry.Receipt{URL: own}, nil, ""},
		"created, with a password":          {answer(201, "", "", "Location: https://a:b@example.org/"+e.URLPath()), entry.Receipt{URL: own}, nil, ""},
		"created, another entry":            {answer(201, "", "", "Location: https://example.org/metadata/x/y/z"), entry.Receipt{URL: own}, nil, ""},
		"there already":                     {answer(200, "text/plain", "metadata entry exists already", "Location: "+right), entry.Receipt{URL: own, Existed: true}, nil, ""},
		"to be confirmed":                   {answer(202, "text/plain", "confirmation email sent for new metadata entry", "Content-Location: /metadataX"), entry.Receipt{Pending: true}, nil, ""},
		"a login page":                      {answer(200, "text/html; charset=utf-8", "<html><head><title>Sign in</title><style>p{}</style></head><body><p>Log&nbsp;in &amp; go</body>"), entry.Receipt{}, remote.ErrRefused, "200 OK with a page for people, as no Marketplace would: Sign in Log in & go"},
		"refused, XML":                      {answer(400, "application/xml", `<?xml version="1.0"?><error>invalid metadata: older than latest entry</error>`), entry.Receipt{}, remote.ErrRefused, "400 Bad Request: invalid metadata: older than latest entry"},
		"refused, XML that is none":         {answer(400, "application/xml", `<?xml version="1.0"?><error>invalid metadata: <rdf:RDF> & more</error>`), entry.Receipt{}, remote.ErrRefused, "invalid metadata: <rdf:RDF> & more"},
		"refused, XML with an entity":       {answer(400, "application/xml", `<!DOCTYPE error [<!ENTITY x SYSTEM "file:///etc/passwd">]><error>&x;</error>`), entry.Receipt{}, remote.ErrRefused, "400 Bad Request: &x;"},
		"refused, JSON":                     {answer(400, "application/json", `{"400" : "no signature"}`), entry.Receipt{}, remote.ErrRefused, "400 Bad Request: no signature"},
		"refused, JSON that is none":        {answer(400, "application/json", `{"400" : "no`), entry.Receipt{}, remote.ErrRefused, `{"400" : "no`},
		"refused, HTML":                     {answer(403, "text/html", "<h1>Forbidden</h1><script>alert(1)</script>"), entry.Receipt{}, remote.ErrRefused, "403 Forbidden: Forbidden"},
		"refused, text":                     {answer(413, "text/plain", "too\r\nlong\x00"), entry.Receipt{}, remote.ErrRefused, "413 Request Entity Too Large: too long"},
		"refused, endless":                  {answer(415, "text/plain", strings.Repeat("no ", 1<<20)), entry.Receipt{}, remote.ErrRefused, "no no no…"},
		"a redirect to another host":        {answer(302, "text/html", "elsewhere", "Location: http://127.0.0.1:1/"), entry.Receipt{}, remote.ErrRefused, "302 Found: it is at http://127.0.0.1:1/"},
		"not there":                         {answer(404, "text/plain", ""), entry.Receipt{}, remote.ErrRefused, "404 Not Found"},
		"broken":                            {answer(500, "text/html", "<title>Internal Server Error</title>"), entry.Receipt{}, remote.ErrUnreachable, "500 Internal Server Error: Internal Server Error"},
		"does not exist there":              {answer(501, "text/plain", ""), entry.Receipt{}, remote.ErrRefused, "501"},
		"busy for ever":                     {answer(503, "text/plain", "later", "Retry-After: 0"), entry.Receipt{}, remote.ErrUnreachable, "503 Service Unavailable: later"},
		"200 of something that is no entry": {answer(200, "text/plain", "hello"), entry.Receipt{}, remote.ErrRefused, "200 OK: hello"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := client(t, test.handle)
			got, err := m.Publish(context.Background(), e)
			if test.want.URL == own {
				test.want.URL = m.URL(e.Key)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("receipt (-want +got):\n%s", diff)
			}
			if !errors.Is(err, test.kind) || (err == nil) != (test.kind == nil) || err != nil && !strings.Contains(err.Error(), test.text) {
				t.Errorf("error %v, want %v with %q", err, test.kind, test.text)
			}
			if err != nil && (len(err.Error()) > 1000 || strings.ContainsAny(err.Error(), "\r\n")) {
				t.Errorf("not one short line: %q", err)
			}
		})
	}
}

// TestPublishRequest: what is sent, and where.
func TestPublishRequest(t *testing.T) {
	e := entrytest.NewEndorser(t, "jane@example.org").Entry(t, entrytest.Description{Content: "image"})
	m := client(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || !bytes.Equal(body, e.Source) {
			t.Errorf("the body is not the document: %v", err)
		}
		got := []string{r.Method, r.URL.String(), r.Header.Get("Content-Type"), r.Header.Get("Accept")}
		want := []string{"POST", "/some/where/metadata", "application/xml", "application/xml, text/plain;q=0.9"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("request (-want +got):\n%s", diff)
		}
		w.WriteHeader(http.StatusCreated)
	})
	if _, err := m.Publish(context.Background(), e); err != nil {
		t.Error(err)
	}
}

// TestPublishAgain: an upload that may have arrived is not repeated blindly.
func TestPublishAgain(t *testing.T) {
	e := entrytest.NewEndorser(t, "jane@example.org").Entry(t, entrytest.Description{Content: "image"})
	tests := map[string]struct {
		arrives  bool   // although the connection breaks
		requests string // in their order
	}{
		"it arrived": {true, "POST GET"},
		"it did not": {false, "POST GET POST"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Value
			requests.Store("")
			m := client(t, func(w http.ResponseWriter, r *http.Request) {
				requests.Store(requests.Load().(string) + " " + r.Method)
				switch {
				case r.Method == http.MethodPost && requests.Load() == " POST":
					panic(http.ErrAbortHandler) // the connection breaks
				case r.Method == http.MethodPost:
					w.WriteHeader(http.StatusCreated)
				case test.arrives:
					w.Header().Set("Content-Type", "application/rdf+xml")
					_, _ = w.Write(e.Source)
				default:
					w.WriteHeader(http.StatusNotFound)
				}
			})
			got, err := m.Publish(context.Background(), e)
			if err != nil || got.URL != m.URL(e.Key) {
				t.Errorf("%+v, %v", got, err)
			}
			if got := fmt.Sprint(requests.Load()); got != " "+test.requests {
				t.Errorf("requests%s, want %s", got, test.requests)
			}
		})
	}
}

// TestPublishUnreachable: a port where nobody listens, and a wait that ends.
func TestPublishUnreachable(t *testing.T) {
	e := entrytest.NewEndorser(t, "jane@example.org").Entry(t, entrytest.Description{Content: "image"})
	server := httptest.NewServer(http.NotFoundHandler())
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	h, err := remote.NewHTTP(remote.Options{Retries: remote.Retries{MinWait: time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(base, h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Publish(context.Background(), e); !errors.Is(err, remote.ErrUnreachable) {
		t.Errorf("got %v, want %v", err, remote.ErrUnreachable)
	}
	slow, err := remote.NewHTTP(remote.Options{Retries: remote.Retries{MinWait: time.Hour, MaxWait: time.Hour}})
	if err != nil {
		t.Fatal(err)
	}
	m.client = slow
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := errors.New("stop")
	slowLog := time.AfterFunc(50*time.Millisecond, func() { cancel(stop) })
	defer slowLog.Stop()
	if _, err := m.Publish(ctx, e); !errors.Is(err, stop) {
		t.Errorf("got %v, want %v", err, stop)
	}
}

func TestNew(t *testing.T) {
	for text, good := range map[string]bool{
		"http://example.org": true, "https://example.org:8443/a/b/": true, "http:///x": false,
		"http://user@example.org": false, "http://example.org?x=y": false, "http://example.org#x": false,
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(u, nil); (err == nil) != good {
			t.Errorf("%q: %v, want good %v", text, err, good)
		}
	}
}
