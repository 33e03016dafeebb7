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
	"github.com/stratuslab/stratus/lib/report"
)

// client makes a client of a server that does as handle says.
func client(t *testing.T, handle http.HandlerFunc) *Marketplace {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	h, err := remote.NewHTTP(remote.Options{
		Idle:    500 * time.Millisecond,
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
	const json, xml, text = "application/json", "application/xml", "text/plain"
	right := "/some/where/" + e.URLPath()
	created := entry.Receipt{URL: own}
	tests := map[string]struct {
		handle http.HandlerFunc
		want   entry.Receipt
		kind   report.Kind // of the error, Failed if there is none
		text   string      // in the error
	}{
		"created, as the original": {
			handle: answer(201, text, "metadata entry created", "Content-Location: "+right), want: created},
		"created, Location":      {handle: answer(201, text, "", "Location: "+right), want: created},
		"created, nothing said":  {handle: answer(201, "", ""), want: created},
		"created, another host":  {handle: answer(201, "", "", "Location: https://m.example.org/"+e.URLPath()), want: created},
		"created, a script":      {handle: answer(201, "", "", "Location: javascript:alert(1)//"+e.URLPath()), want: created},
		"created, a password":    {handle: answer(201, "", "", "Location: https://a:b@example.org/"+e.URLPath()), want: created},
		"created, another entry": {handle: answer(201, "", "", "Location: https://example.org/metadata/x/y/z"), want: created},
		"there already": {
			handle: answer(200, text, "metadata entry exists already", "Location: "+right),
			want:   entry.Receipt{URL: own, Existed: true}},
		"to be confirmed": {
			handle: answer(202, text, "confirmation email sent for new metadata entry", "Content-Location: /metadataX"),
			want:   entry.Receipt{Pending: true}},
		"a login page": {
			handle: answer(200, "text/html; charset=utf-8",
				"<html><head><title>Sign in</title><style>p{}</style></head><body><p>Log&nbsp;in &amp; go</body>"),
			kind: report.Refused, text: "200 OK with a page for people, as no Marketplace would: Sign in Log in & go"},
		"refused, XML": {
			handle: answer(400, xml, `<?xml version="1.0"?><error>invalid metadata: older than latest entry</error>`),
			kind:   report.Refused, text: "400 Bad Request: invalid metadata: older than latest entry"},
		"refused, XML with escapes": {
			handle: answer(400, xml, `<?xml version="1.0"?><error>not &lt;b&gt; &amp; more</error>`),
			kind:   report.Refused, text: "400 Bad Request: not <b> & more"},
		"refused, XML of another name": {
			handle: answer(400, xml, `<failure><reason>no &amp; never</reason></failure>`),
			kind:   report.Refused, text: "400 Bad Request: no & never"},
		"refused, malformed XML": {
			handle: answer(400, xml, `<?xml version="1.0"?><error>invalid metadata: <rdf:RDF> & more</error>`),
			kind:   report.Refused, text: "invalid metadata: <rdf:RDF> & more"},
		"refused, XML with an entity": {
			handle: answer(400, xml, `<!DOCTYPE error [<!ENTITY x SYSTEM "file:///etc/passwd">]><error>&x;</error>`),
			kind:   report.Refused, text: "400 Bad Request: &x;"},
		"refused, JSON": {
			handle: answer(400, json, `{"400" : "no signature"}`), kind: report.Refused, text: "400 Bad Request: no signature"},
		"refused, malformed JSON": {handle: answer(400, json, `{"400" : "no`), kind: report.Refused, text: `{"400" : "no`},
		"refused, HTML": {
			handle: answer(403, "text/html", "<h1>Forbidden</h1><script>alert(1)</script>"),
			kind:   report.Refused, text: "403 Forbidden: Forbidden"},
		"refused, text": {
			handle: answer(413, text, "too\r\nlong\x00"), kind: report.Refused, text: "413 Request Entity Too Large: too long"},
		"refused, endless": {
			handle: answer(415, text, strings.Repeat("no ", 1<<20)), kind: report.Refused, text: "no no no"},
		"a redirect to another host": {
			handle: answer(302, "text/html", "elsewhere", "Location: http://127.0.0.1:1/"),
			kind:   report.Refused, text: "302 Found: it is at http://127.0.0.1:1/"},
		"not there": {handle: answer(404, text, ""), kind: report.Refused, text: "404 Not Found"},
		"broken": {
			handle: answer(500, "text/html", "<title>Internal Server Error</title>"),
			kind:   report.Unreachable, text: "500 Internal Server Error: Internal Server Error"},
		"does not exist there": {handle: answer(501, text, ""), kind: report.Refused, text: "501"},
		"busy for ever": {
			handle: answer(503, text, "later", "Retry-After: 0"), kind: report.Unreachable, text: "503 Service Unavailable: later"},
		"200 for something else": {handle: answer(200, text, "hello"), kind: report.Refused, text: "200 OK: hello"},
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
			if report.KindOf(err) != test.kind || err != nil && !strings.Contains(err.Error(), test.text) {
				t.Errorf("error %v of kind %d, want kind %d and %q", err, report.KindOf(err), test.kind, test.text)
			}
			if err != nil && len(err.Error()) > 1000 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			if (err != nil) != (test.text != "") {
				t.Errorf("error %v, want one: %t", err, test.text != "")
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

// TestPublishVariant: where another certificate has taken the second, an entry has the
// address of a variant.
func TestPublishVariant(t *testing.T) {
	const address = "jane@example.org"
	same := entrytest.Description{Content: "image", Created: time.Now()}
	first, e := entrytest.NewEndorser(t, address).Entry(t, same), entrytest.NewEndorser(t, address).Entry(t, same)
	own, foreign := e.AsVariant(), first.AsVariant()
	at := func(k *entry.Entry) string { return "Location: /some/where/" + k.URLPath() }
	tests := map[string]struct {
		status   int
		location string
		arrives  bool // although the connection breaks
		want     *entry.Entry
		existed  bool
	}{
		"created":                 {status: 201, location: at(own), want: own},
		"there already":           {status: 200, location: at(own), want: own, existed: true},
		"created, of another":     {status: 201, location: at(foreign), want: e},
		"there, of another":       {status: 200, location: at(foreign)},
		"arrived, but unanswered": {status: 500, arrives: true, want: own},
		"did not arrive":          {status: 500},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := client(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/rdf+xml")
				switch {
				case r.Method == http.MethodPost && test.status == 500:
					panic(http.ErrAbortHandler) // the connection breaks
				case r.Method == http.MethodPost:
					answer(test.status, "text/plain", "", test.location)(w, r)
				case strings.HasSuffix(r.URL.Path, "/"+first.Name()):
					_, _ = w.Write(first.Source)
				case test.arrives && strings.HasSuffix(r.URL.Path, "/"+own.Name()):
					_, _ = w.Write(e.Source)
				default:
					w.WriteHeader(http.StatusNotFound)
				}
			})
			got, err := m.Publish(context.Background(), e)
			want := entry.Receipt{Existed: test.existed}
			if test.want != nil {
				want.URL = m.URL(test.want.Key)
			}
			if diff := cmp.Diff(want, got); diff != "" || (err != nil) != (test.want == nil) {
				t.Errorf("%v (-want +got):\n%s", err, diff)
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
