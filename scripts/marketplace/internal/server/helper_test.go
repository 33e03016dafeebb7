package server

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/marketplace/publishtest"
)

// testLog keeps what is logged.
type testLog struct {
	mu    sync.Mutex
	lines []string
}

func (l *testLog) Infof(format string, args ...any)    { l.add("info ", format, args) }
func (l *testLog) Verbosef(format string, args ...any) { l.add("verbose ", format, args) }
func (l *testLog) Warnf(format string, args ...any)    { l.add("warning ", format, args) }

func (l *testLog) Meter(string, int64) io.WriteCloser { panic("a server measures nothing") }

func (l *testLog) add(level, format string, args []any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, level+fmt.Sprintf(format, args...))
}

func (l *testLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// market is a server over a directory.
type market struct {
	*Server
	dir  string
	log  *testLog
	http *httptest.Server
}

func newMarket(t testing.TB, dir string, limits Limits) *market {
	t.Helper()
	log := new(testLog)
	s, err := New(dir, limits, log)
	if err != nil {
		t.Fatal(err)
	}
	m := &market{Server: s, dir: dir, log: log, http: httptest.NewServer(s)}
	m.http.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	t.Cleanup(func() {
		m.http.Close()
		if t.Failed() {
			t.Log(log)
		}
	})
	return m
}

// publish puts entries into the directory, as another program would.
func (m *market) publish(t testing.TB, entries ...*entry.Entry) {
	t.Helper()
	publishtest.Into(t, m.dir, entries...)
}

// reply is what came back.
type reply struct {
	status int
	media  string
	header http.Header
	body   string
}

func (m *market) do(t testing.TB, method, path, body string, headers ...string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, m.http.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		req.Header.Set(name, value)
	}
	resp, err := m.http.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	media, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	return reply{resp.StatusCode, media, resp.Header, string(got)}
}

func (m *market) get(t testing.TB, path, accept string) reply {
	t.Helper()
	if accept == "" {
		return m.do(t, http.MethodGet, path, "")
	}
	return m.do(t, http.MethodGet, path, "", "Accept: "+accept)
}

// listed returns the keys of the documents in a listing, which must verify.
func listed(t testing.TB, a reply) (keys []string, next string) {
	t.Helper()
	l, err := entry.ParseListing([]byte(a.body))
	if err != nil {
		t.Fatalf("%d %s %.300q: %v", a.status, a.media, a.body, err)
	}
	for _, document := range l.Documents {
		e, err := entry.Verify(document)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, e.Path())
	}
	return keys, l.Next
}

// ago is a time before now, to the second.
func ago(d time.Duration) time.Time { return time.Now().Add(-d).Truncate(time.Second) }

// browser is what browsers accept.
const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"

func ada(t testing.TB) *entrytest.Endorser { return entrytest.NewEndorser(t, "ada@example.org") }
