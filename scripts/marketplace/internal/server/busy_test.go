package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/metadata"
)

// TestReadingAtOnce: answers wait for their turn, but not for ever; searches
// with expressions keep back only each other.
func TestReadingAtOnce(t *testing.T) {
	limits := DefaultLimits()
	limits.Answers, limits.Searches, limits.Turn = 1, 1, 20*time.Millisecond
	m := newMarket(t, t.TempDir(), limits)
	e := ada(t).Entry(t, entrytest.Description{Content: "one", Texts: map[metadata.Term]string{metadata.Alternative: "web"}})
	m.publish(t, e)
	pages := []string{
		"/metadata", "/metadata?sSearch=a", "/tag/ada@example.org/web", "/endorsers", "/endorsers/ada@example.org",
		"/endorsers/ada@example.org/tags", "/feed.atom",
	}
	status := func(path string, want int, accepts ...string) {
		t.Helper()
		for _, accept := range accepts {
			got := m.get(t, path, accept)
			if got.status != want || (got.header.Get("Retry-After") != "") != (want == 503) {
				t.Errorf("%s: %d, Retry-After %q; want %d", path, got.status, got.header.Get("Retry-After"), want)
			}
		}
	}
	for _, test := range []struct {
		busy                gate
		pages, entry, regex int
	}{{m.answers, 503, 200, 200}, {m.searches, 200, 200, 503}} {
		if !test.busy.enter(t.Context()) {
			t.Fatal("a place has not been given up")
		}
		for _, path := range pages {
			status(path, test.pages, typeXML, typeJSON)
		}
		status("/"+e.URLPath(), test.pages, browser, typeJSON)
		status("/"+e.URLPath(), test.entry, typeXML)
		status("/metadata?sSearch=[a-z]", test.regex, typeXML, typeJSON)
		status("/", 200, browser)
		test.busy.leave()
	}
	for _, path := range append(pages, "/metadata?sSearch=[a-z]", "/"+e.URLPath()) {
		status(path, 200, typeXML, typeJSON)
	}
}

// TestLargeBodies: only so many bytes are on their way to clients that do not
// read them.
func TestLargeBodies(t *testing.T) {
	limits := DefaultLimits()
	limits.Sending = largeBody + 200_000
	m := newMarket(t, t.TempDir(), limits)
	long := map[metadata.Term]string{metadata.Description: strings.Repeat("x", 150_000)}
	e := ada(t).Entry(t, entrytest.Description{Content: "one", Texts: long})
	m.publish(t, e)
	held := httptest.NewRequest(http.MethodGet, "/"+e.URLPath(), nil)
	w := &slowReader{ResponseRecorder: httptest.NewRecorder(), begun: make(chan struct{}), goOn: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		m.ServeHTTP(w, held)
	}()
	<-w.begun
	got := m.get(t, "/"+e.URLPath(), typeXML)
	if got.status != 503 || got.header.Get("Retry-After") == "" || got.header.Get("Content-Disposition") != "" {
		t.Errorf("a second one: %d %v", got.status, got.header)
	}
	if got := m.get(t, "/endorsers", typeXML); got.status != 200 {
		t.Errorf("a small one: %d", got.status)
	}
	close(w.goOn)
	<-done
	if got := m.get(t, "/"+e.URLPath(), typeXML); got.status != 200 || got.body != string(e.Source) {
		t.Errorf("afterwards: %d", got.status)
	}
}

// slowReader is a client that takes nothing of the body for a while.
type slowReader struct {
	*httptest.ResponseRecorder
	begun, goOn chan struct{}
	once        sync.Once
}

func (w *slowReader) Write(b []byte) (int, error) {
	w.once.Do(func() { close(w.begun) })
	<-w.goOn
	return w.ResponseRecorder.Write(b)
}
