package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/report"
)

// found is what a search yields: the contents' times, and all errors.
func found(m *Marketplace, q entry.Query) (entries []string, errs []error) {
	for e, err := range m.Find(context.Background(), q) {
		if err != nil {
			errs = append(errs, err)
		} else {
			entries = append(entries, e.Email+" "+e.Created)
		}
	}
	return entries, errs
}

// listing is a listing as the original makes them.
func listing(next string, documents ...[]byte) string {
	if next != "" {
		next = fmt.Sprintf(" next=%q", next)
	}
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<metadata" + next + ">\n")
	for _, d := range documents {
		if bytes.HasPrefix(d, []byte("<?xml")) {
			_, d, _ = bytes.Cut(d, []byte("?>"))
		}
		b.Write(d)
	}
	return b.String() + "</metadata>\n"
}

// TestFind: which requests a query makes, and what comes of the answers.
func TestFind(t *testing.T) {
	jane, joe := entrytest.NewEndorser(t, "jane@example.org"), entrytest.NewEndorser(t, "joe@example.org")
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	make := func(who *entrytest.Endorser, n int, texts map[metadata.Term]string) []byte {
		return who.Sign(t, entrytest.Description{Content: "image", Created: day(n), Texts: texts})
	}
	old, newer, his := make(jane, 1, nil), make(jane, 2, map[metadata.Term]string{metadata.OS: "debian"}), make(joe, 3, nil)
	eve, other := entrytest.NewEndorser(t, "eve@example.org"), entrytest.NewEndorser(t, "eve@example.org")
	deprecated := make(jane, 4, map[metadata.Term]string{metadata.Deprecated: "hole"})
	e, err := entry.Verify(old)
	if err != nil {
		t.Fatal(err)
	}
	id := e.Identifier
	const all = "?status=all"
	eves := [][]byte{make(eve, 7, nil), make(other, 9, nil), make(eve, 8, nil)}
	tagged := make(jane, 2, map[metadata.Term]string{metadata.Alternative: "a b/c"})
	empty := []byte("<rdf:RDF xmlns:rdf='x'/>")
	changed := bytes.Replace(newer, []byte("debian"), []byte("fedora"), 1)
	pages := map[string]string{
		"metadata/" + id + all:                                            listing("", old, his, newer),
		"metadata/" + id + "/jane@example.org" + all:                      listing("", newer),
		"metadata/" + id + "/jane@example.org/2026-01-01T00:00:00Z":       string(old),
		"metadata" + all:                                                  listing("metadata/page/1.xml", deprecated, his),
		"metadata/page/1.xml":                                             listing("metadata/page/0.xml?x=1", newer),
		"metadata/page/0.xml?x=1":                                         listing("", old),
		"metadata/jane@example.org" + all:                                 listing("", tagged, his),
		"metadata/eve@example.org" + all:                                  listing("", eves...),
		"metadata/joe@example.org" + all:                                  listing(""),
		"metadata/joe@example.org/2026-01-03T00:00:00Z" + all:             listing("", his),
		"metadata/" + id + "/2026-01-01T00:00:00Z" + all:                  listing("", old, his),
		"metadata/AJKhYHUP7922Wrj7FOyYLzd3a1G" + all:                      "<html>a page for people",
		"metadata/AJKhYHUP7922Wrj7FOyYLzd3a1G/index.xml":                  "<html>the same page",
		"metadata/MMZu9WvwKIro-rtBQfDk4PsKO7_" + all:                      listing("metadata", empty, his),
		"metadata/Avux7XqPw_byV0N1H88W8J12ooz" + all:                      listing("", changed),
		"metadata/AAAVdQcimIFLdQmWS6KSjNCv1Zd" + all:                      listing("../etc", old),
		"metadata/No5o-5ea0sNMlW_75VgGJCv2AcJ" + all:                      "<metadata><unfinished",
		"metadata/J7M1U1pZuOJOcq_d7bypZorP2KY" + all:                      listing("metadata/J7M1U1pZuOJOcq_d7bypZorP2KY" + all),
		"metadata/J7M1U1pZuOJOcq_d7bypZorP2KY/somebody@example.org" + all: listing("//evil.example.org/metadata"),
	}
	m := client(t, func(w http.ResponseWriter, r *http.Request) {
		text, ok := pages[strings.TrimPrefix(r.URL.String(), "/some/where/")]
		kind := "application/xml"
		if strings.HasPrefix(text, "<html") {
			kind = "text/html"
		}
		w.Header().Set("Content-Type", kind)
		if !ok {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, text)
	})
	const (
		jane1 = "jane@example.org 2026-01-01T00:00:00Z"
		jane2 = "jane@example.org 2026-01-02T00:00:00Z"
		jane4 = "jane@example.org 2026-01-04T00:00:00Z"
		joe3  = "joe@example.org 2026-01-03T00:00:00Z"
	)
	tests := map[string]struct {
		query entry.Query
		want  []string
		errs  []error // what they wrap
	}{
		"an identifier": {query: entry.Query{Identifier: id}, want: []string{joe3, jane2}},
		"an endorser of it": {
			query: entry.Query{Identifier: id, Email: "jane@example.org"}, want: []string{jane2}},
		"an entry": {
			query: entry.Query{Identifier: id, Email: "jane@example.org", Created: "2026-01-01T00:00:00Z"}, want: []string{jane1}},
		"an entry that is not there": {
			query: entry.Query{Identifier: id, Email: "jane@example.org", Created: "2026-01-09T00:00:00Z"}},
		"everything, in pages": {query: entry.Query{}, want: []string{jane4, joe3}},
		"everything valid":     {query: entry.Query{Status: entry.Valid}, want: []string{joe3}},
		"everything that": {
			query: entry.Query{Where: func(s entry.Summary) bool { return s.Deprecated == "hole" }}, want: []string{jane4}},
		"a tag": {
			query: entry.Query{Email: "jane@example.org", Tag: "a b/c"}, want: []string{jane2}, errs: []error{entry.ErrInvalid}},
		"impostors, too": {
			query: entry.Query{Email: "eve@example.org"},
			want:  []string{"eve@example.org 2026-01-09T00:00:00Z", "eve@example.org 2026-01-08T00:00:00Z"}},
		"nothing of an endorser": {query: entry.Query{Email: "joe@example.org"}},
		"a date": {
			query: entry.Query{Email: "joe@example.org", Created: "2026-01-03T00:00:00Z"}, want: []string{joe3}},
		"a date that is not kept to": {
			query: entry.Query{Identifier: id, Created: "2026-01-01T00:00:00Z"}, want: []string{jane1}},
		"HTML and nothing else": {
			query: entry.Query{Identifier: "AJKhYHUP7922Wrj7FOyYLzd3a1G"}, errs: []error{remote.ErrRefused}},
		"others than asked for": {
			query: entry.Query{Identifier: "MMZu9WvwKIro-rtBQfDk4PsKO7_"},
			errs:  []error{entry.ErrInvalid, entry.ErrInvalid, remote.ErrRefused}},
		"a changed document": {
			query: entry.Query{Identifier: "Avux7XqPw_byV0N1H88W8J12ooz"}, errs: []error{entry.ErrInvalid}},
		"a next page elsewhere": {
			query: entry.Query{Identifier: "AAAVdQcimIFLdQmWS6KSjNCv1Zd"}, errs: []error{remote.ErrRefused}},
		"broken XML": {
			query: entry.Query{Identifier: "No5o-5ea0sNMlW_75VgGJCv2AcJ"}, errs: []error{remote.ErrRefused}},
		"pages in a circle": {
			query: entry.Query{Identifier: "J7M1U1pZuOJOcq_d7bypZorP2KY"}, errs: []error{remote.ErrRefused}},
		"a next page on another host": {
			query: entry.Query{Identifier: "J7M1U1pZuOJOcq_d7bypZorP2KY", Email: "somebody@example.org"},
			errs:  []error{remote.ErrRefused}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, errs := found(m, test.query)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
			if len(errs) != len(test.errs) {
				t.Fatalf("%d errors, want %d: %v", len(errs), len(test.errs), errs)
			}
			for i, want := range test.errs {
				if !errors.Is(errs[i], want) {
					t.Errorf("error %v, want %v", errs[i], want)
				}
			}
		})
	}
}

// TestNewest: the newest good entry of a series counts, wherever it is listed.
func TestNewest(t *testing.T) {
	jane := entrytest.NewEndorser(t, "jane@example.org")
	make := func(day int, texts map[metadata.Term]string) []byte {
		created := time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC)
		return jane.Sign(t, entrytest.Description{Content: "image", Created: created, Texts: texts})
	}
	first, second := make(1, nil), make(2, nil)
	retired := make(3, map[metadata.Term]string{metadata.Deprecated: "hole"})
	damaged := bytes.Replace(make(4, nil), []byte(">base<"), []byte(">grid<"), 1)
	key, err := entry.Verify(first)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		pages   [][]byte // one document each
		status  entry.Status
		want    []string
		damaged int // reported
	}{
		"on the first page": {pages: [][]byte{second, first}, want: []string{"jane@example.org 2026-01-02T00:00:00Z"}},
		"on the last page":  {pages: [][]byte{first, second}, want: []string{"jane@example.org 2026-01-02T00:00:00Z"}},
		"in the middle":     {pages: [][]byte{first, retired, second}, want: []string{"jane@example.org 2026-01-03T00:00:00Z"}},
		"of another status": {pages: [][]byte{first, second, retired}, status: entry.Valid},
		"damaged": {
			pages: [][]byte{damaged, first, second}, want: []string{"jane@example.org 2026-01-02T00:00:00Z"}, damaged: 1},
		"nothing but damaged": {pages: [][]byte{damaged, damaged}, damaged: 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := client(t, func(w http.ResponseWriter, r *http.Request) {
				n, _ := strconv.Atoi(r.URL.Query().Get("page")) // 0 in the first request
				next := ""
				if n+1 < len(test.pages) {
					next = fmt.Sprint("metadata?page=", n+1)
				}
				answer(200, "application/xml", listing(next, test.pages[n]))(w, r)
			})
			got, errs := found(m, entry.Query{Identifier: key.Identifier, Status: test.status})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
			for _, err := range errs {
				if !errors.Is(err, entry.ErrInvalid) {
					t.Error(err)
				}
			}
			if len(errs) != test.damaged {
				t.Errorf("%d errors, want %d: %v", len(errs), test.damaged, errs)
			}
		})
	}
}

// TestBudget: a search ends when its pages, each within its own limits, take too
// much together.
func TestBudget(t *testing.T) {
	document := entrytest.NewEndorser(t, "jane@example.org").Sign(t, entrytest.Description{Content: "image"})
	page := func(r *http.Request) string {
		n, _ := strconv.Atoi(r.URL.Query().Get("page")) // 0 in the first request
		return listing(fmt.Sprint("metadata?page=", n+1), document)
	}
	tests := map[string]struct {
		handle http.HandlerFunc
		limits limits
		kind   report.Kind
		text   string
	}{
		"bytes": {
			handle: func(w http.ResponseWriter, r *http.Request) { answer(200, "application/xml", page(r))(w, r) },
			limits: limits{answer: time.Minute, search: time.Minute, bytes: 100_000},
			kind:   report.Refused, text: "the answers have more than"},
		"time, with pages that trickle": {
			// Each page takes less than an answer may, and never stands still.
			handle: func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/xml")
				text := page(r)
				for tick := time.NewTicker(time.Millisecond); text != ""; {
					select {
					case <-tick.C:
						n := min(len(text), 100)
						_, _ = io.WriteString(w, text[:n])
						w.(http.Flusher).Flush()
						text = text[n:]
					case <-r.Context().Done():
						return
					}
				}
			},
			limits: limits{answer: time.Minute, search: 500 * time.Millisecond, bytes: 1 << 30},
			kind:   report.Unreachable, text: "the search takes more than 500ms"},
		"time, with answers that are late": {
			handle: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			limits: limits{answer: time.Minute, search: 100 * time.Millisecond, bytes: 1 << 30},
			kind:   report.Unreachable, text: "the search takes more than 100ms"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := client(t, test.handle)
			m.limits = test.limits
			began := time.Now()
			entries, errs := found(m, entry.Query{})
			if len(entries) != 0 || len(errs) != 1 || report.KindOf(errs[0]) != test.kind ||
				!strings.Contains(errs[0].Error(), test.text) {
				t.Errorf("got %v, %v; want kind %d, %q", entries, errs, test.kind, test.text)
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
	stopped, cancel := context.WithCancelCause(context.Background())
	stop := errors.New("stop")
	cancel(stop)
	for e, err := range client(t, tests["bytes"].handle).Find(stopped, entry.Query{}) {
		if !errors.Is(err, stop) {
			t.Errorf("after the caller's context has ended: %v, %v", e, err)
		}
	}
}

// TestHostile: servers that never end, or lead nowhere.
func TestHostile(t *testing.T) {
	tests := map[string]struct {
		handle http.HandlerFunc
		want   error
	}{
		"an endless body": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/xml")
			block := bytes.Repeat([]byte("<!-- more -->"), 5000)
			for {
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		}, remote.ErrRefused},
		"a body that stands still": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/xml")
			_, _ = io.WriteString(w, "<metadata>")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, remote.ErrUnreachable},
		"a body that trickles": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/xml")
			for tick := time.NewTicker(10 * time.Millisecond); ; {
				select {
				case <-tick.C:
					_, _ = io.WriteString(w, " ")
					w.(http.Flusher).Flush()
				case <-r.Context().Done():
					return
				}
			}
		}, remote.ErrUnreachable},
		"no answer": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, remote.ErrUnreachable},
		"a redirect loop": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
		}, remote.ErrRefused},
		"another type": {answer(200, "image/png", "<metadata/>"), remote.ErrRefused},
		"a login page": {answer(200, "text/html", "<metadata/>"), remote.ErrRefused},
		"a zip":        {answer(200, "application/xml", "PK\x03\x04"), remote.ErrRefused},
		"compressed":   {answer(200, "application/xml", "\x1f\x8b", "Content-Encoding: gzip"), remote.ErrRefused},
		"forbidden":    {answer(403, "text/plain", "no"), remote.ErrRefused},
		"broken":       {answer(500, "text/plain", "no"), remote.ErrUnreachable},
		"a document type": {
			answer(200, "application/xml", `<!DOCTYPE metadata [<!ENTITY a "aaaa">]><metadata>&a;</metadata>`), remote.ErrRefused},
		"a deep document":   {answer(200, "application/xml", strings.Repeat("<metadata>", 10_000)), remote.ErrRefused},
		"another namespace": {answer(200, "application/xml", `<metadata xmlns="urn:x"/>`), remote.ErrRefused},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := client(t, test.handle)
			m.limits.answer = time.Second
			entries, errs := found(m, entry.Query{})
			if len(entries) != 0 || len(errs) != 1 || !errors.Is(errs[0], test.want) {
				t.Errorf("got %v, %v; want %v", entries, errs, test.want)
			}
		})
	}
}

// TestManyInvalid: a Marketplace of nothing but bad entries is not told of one
// by one.
func TestManyInvalid(t *testing.T) {
	m := client(t, answer(200, "application/xml", "<metadata>"+strings.Repeat("<x/>", 5000)+"</metadata>"))
	_, errs := found(m, entry.Query{})
	if len(errs) != maxInvalid+1 || !strings.HasSuffix(errs[maxInvalid].Error(), "and 4980 more") {
		t.Errorf("%d errors, the last %v", len(errs), errs[len(errs)-1])
	}
}
