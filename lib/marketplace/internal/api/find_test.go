package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/remote"
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
	pages := map[string]string{
		"metadata/" + id + all:                                            listing("", old, his, newer),
		"metadata/" + id + "/jane@example.org" + all:                      listing("", newer),
		"metadata/" + id + "/jane@example.org/2026-01-01T00:00:00Z":       string(old),
		"metadata" + all:                                                  listing("metadata/page/1.xml", deprecated, his),
		"metadata/page/1.xml":                                             listing("metadata/page/0.xml?x=1", newer),
		"metadata/page/0.xml?x=1":                                         listing("", old),
		"metadata/jane@example.org" + all:                                 listing("", make(jane, 2, map[metadata.Term]string{metadata.Alternative: "a b/c"}), his),
		"metadata/eve@example.org" + all:                                  listing("", make(eve, 7, nil), make(other, 9, nil), make(eve, 8, nil)),
		"metadata/joe@example.org" + all:                                  listing(""),
		"metadata/joe@example.org/2026-01-03T00:00:00Z" + all:             listing("", his),
		"metadata/" + id + "/2026-01-01T00:00:00Z" + all:                  listing("", old, his),
		"metadata/BEE8-MMAw-Lk_IgsEExAy3d9R8h/index.all.xml":              listing("", his),
		"metadata/AJKhYHUP7922Wrj7FOyYLzd3a1G" + all:                      "<html>a page for people",
		"metadata/AJKhYHUP7922Wrj7FOyYLzd3a1G/index.all.xml":              "<html>the same page",
		"metadata/MMZu9WvwKIro-rtBQfDk4PsKO7_" + all:                      listing("metadata", []byte("<rdf:RDF xmlns:rdf='x'/>"), his),
		"metadata/Avux7XqPw_byV0N1H88W8J12ooz" + all:                      listing("", bytes.Replace(newer, []byte("debian"), []byte("fedora"), 1)),
		"metadata/AAAVdQcimIFLdQmWS6KSjNCv1Zd" + all:                      listing("../etc", old),
		"metadata/No5o-5ea0sNMlW_75VgGJCv2AcJ" + all:                      "<metadata><unfinished",
		"metadata/J7M1U1pZuOJOcq_d7bypZorP2KY" + all:                      listing("metadata/J7M1U1pZuOJOcq_d7bypZorP2KY" + all),
		"metadata/J7M1U1pZuOJOcq_d7bypZorP2KY/somebody@example.org" + all: listing("//evil.example.org/metadata"),
	}
	m := client(t, func(w http.ResponseWriter, r *http.Request) {
		text, ok := pages[strings.TrimPrefix(r.URL.String(), "/some/where/")]
		kind := "application/xml"
		if strings.HasPrefix(text, "<html") || r.URL.String() == "/some/where/metadata/BEE8-MMAw-Lk_IgsEExAy3d9R8h"+all {
			ok, kind = true, "text/html"
		}
		w.Header().Set("Content-Type", kind)
		if !ok {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, text)
	})
	const jane1, jane2, jane4, joe3 = "jane@example.org 2026-01-01T00:00:00Z", "jane@example.org 2026-01-02T00:00:00Z", "jane@example.org 2026-01-04T00:00:00Z", "joe@example.org 2026-01-03T00:00:00Z"
	tests := map[string]struct {
		query entry.Query
		want  []string
		errs  []error // what they wrap
	}{
		"an identifier":               {entry.Query{Identifier: id}, []string{joe3, jane2}, nil},
		"an endorser of it":           {entry.Query{Identifier: id, Email: "jane@example.org"}, []string{jane2}, nil},
		"an entry":                    {entry.Query{Identifier: id, Email: "jane@example.org", Created: "2026-01-01T00:00:00Z"}, []string{jane1}, nil},
		"an entry that is not there":  {entry.Query{Identifier: id, Email: "jane@example.org", Created: "2026-01-09T00:00:00Z"}, nil, nil},
		"everything, in pages":        {entry.Query{}, []string{jane4, joe3}, nil},
		"everything valid":            {entry.Query{Status: entry.Valid}, []string{joe3}, nil},
		"everything that":             {entry.Query{Where: func(s entry.Summary) bool { return s.Deprecated == "hole" }}, []string{jane4}, nil},
		"a tag":                       {entry.Query{Email: "jane@example.org", Tag: "a b/c"}, []string{jane2}, []error{entry.ErrInvalid}},
		"impostors, too":              {entry.Query{Email: "eve@example.org"}, []string{"eve@example.org 2026-01-09T00:00:00Z", "eve@example.org 2026-01-08T00:00:00Z"}, nil},
		"nothing of an endorser":      {entry.Query{Email: "joe@example.org"}, nil, nil},
		"a date":                      {entry.Query{Email: "joe@example.org", Created: "2026-01-03T00:00:00Z"}, []string{joe3}, nil},
		"a date that is not kept to":  {entry.Query{Identifier: id, Created: "2026-01-01T00:00:00Z"}, []string{jane1}, nil},
		"files of a plain web server": {entry.Query{Identifier: "BEE8-MMAw-Lk_IgsEExAy3d9R8h"}, nil, []error{entry.ErrInvalid}},
		"HTML and nothing else":       {entry.Query{Identifier: "AJKhYHUP7922Wrj7FOyYLzd3a1G"}, nil, []error{remote.ErrRefused}},
		"others than asked for":       {entry.Query{Identifier: "MMZu9WvwKIro-rtBQfDk4PsKO7_"}, nil, []error{entry.ErrInvalid, entry.ErrInvalid, remote.ErrRefused}},
		"a changed document":          {entry.Query{Identifier: "Avux7XqPw_byV0N1H88W8J12ooz"}, nil, []error{entry.ErrInvalid}},
		"a next page elsewhere":       {entry.Query{Identifier: "AAAVdQcimIFLdQmWS6KSjNCv1Zd"}, nil, []error{entry.ErrInvalid, remote.ErrRefused}},
		"broken XML":                  {entry.Query{Identifier: "No5o-5ea0sNMlW_75VgGJCv2AcJ"}, nil, []error{remote.ErrRefused}},
		"pages in a circle":           {entry.Query{Identifier: "J7M1U1pZuOJOcq_d7bypZorP2KY"}, nil, []error{remote.ErrRefused}},
		"a next page on another host": {entry.Query{Identifier: "J7M1U1pZuOJOcq_d7bypZorP2KY", Email: "somebody@example.org"}, nil, []error{remote.ErrRefused}},
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
		"another type":      {answer(200, "image/png", "<metadata/>"), remote.ErrRefused},
		"a login page":      {answer(200, "text/html", "<metadata/>"), remote.ErrRefused},
		"a zip":             {answer(200, "application/xml", "PK\x03\x04"), remote.ErrRefused},
		"compressed":        {answer(200, "application/xml", "\x1f\x8b", "Content-Encoding: gzip"), remote.ErrRefused},
		"forbidden":         {answer(403, "text/plain", "no"), remote.ErrRefused},
		"broken":            {answer(500, "text/plain", "no"), remote.ErrUnreachable},
		"a document type":   {answer(200, "application/xml", `<!DOCTYPE metadata [<!ENTITY a "aaaa">]><metadata>&a;</metadata>`), remote.ErrRefused},
		"a deep document":   {answer(200, "application/xml", strings.Repeat("<metadata>", 10_000)), remote.ErrRefused},
		"another namespace": {answer(200, "application/xml", `<metadata xmlns="urn:x"/>`), remote.ErrRefused},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := client(t, test.handle)
			m.longest = 3 * time.Second
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
