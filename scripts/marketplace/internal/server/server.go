// Package server answers the requests of the StratusLab Marketplace over HTTP, for
// programs and for browsers, from the directory of a registry. Browsers search and
// browse with the registry's static page.
//
// It must not know how entries are kept, which is the registry's business, nor how
// pages look.
package server

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/publish"
	"github.com/stratuslab/stratus/lib/marketplace/registry"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/scripts/marketplace/internal/index"
)

// Limits bound what requests may take.
type Limits struct {
	Connections int           // open at once
	Uploads     int           // verified and published at once
	Bodies      int           // uploads under way at once, at least Uploads
	Wait        time.Duration // for an upload, for its turn
	Body        time.Duration // for the body of an upload to arrive
	Publish     time.Duration // for an entry to be written
	Answers     int           // made at once, without searches with expressions
	Searches    int           // with expressions, at once
	Turn        time.Duration // for reading, for its turn
	Search      time.Duration // for a search
	Sending     int64         // bytes of large bodies that are being sent
	// Documents and Bytes bound one listing in XML, which leads to the next one.
	// It has at least one document, whatever its size.
	Documents, Bytes int
}

// DefaultLimits returns limits for a Marketplace on the open network.
func DefaultLimits() Limits {
	return Limits{
		Connections: 1000,
		Uploads:     8, Bodies: 64, Wait: 10 * time.Second, Body: 30 * time.Second, Publish: 60 * time.Second,
		Answers: 4, Searches: runtime.GOMAXPROCS(0), Turn: 5 * time.Second, Search: 3 * time.Second, Sending: 128 << 20,
		Documents: 500, Bytes: 8 << 20,
	}
}

// Server is the API over one registry. It is an http.Handler.
type Server struct {
	files    registry.Files
	registry *registry.Registry
	writer   *publish.Writer
	limits   Limits
	log      report.Log
	now      func() time.Time
	routes   []route

	bodies, uploads   gate
	answers, searches gate
	sending           atomic.Int64 // bytes
	verdict           verdict

	loading  chan struct{} // holds a token while the index is being changed
	stamp    string        // of what is in the index
	index    index.Index
	verified sync.Map // digests of documents that have been verified, by key
}

// New returns a server of the registry in a directory, which the first upload makes
// if it does not exist. Load fills its index.
func New(dir string, limits Limits, log report.Log) (*Server, error) {
	files, err := registry.Local(dir)
	if err != nil {
		return nil, err
	}
	writer, err := publish.Local(dir)
	if err != nil {
		return nil, err
	}
	s := &Server{
		files: files, registry: registry.New(files), writer: writer, limits: limits, log: log, now: time.Now,
		bodies: newGate(max(limits.Bodies, limits.Uploads), limits.Wait), uploads: newGate(limits.Uploads, limits.Wait),
		answers: newGate(limits.Answers, limits.Turn), searches: newGate(limits.Searches, limits.Turn),
		loading: make(chan struct{}, 1),
	}
	s.routes = s.newRoutes()
	return s, nil
}

// ServeHTTP answers a request and writes a line about it to the log.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	counted := &counter{ResponseWriter: w}
	defer func() { s.logAccess(r, counted, time.Since(began)) }()
	s.send(counted, r, s.answer(counted, r))
}

// handler answers a request; words are the parts of the path that "*" stands for.
type handler func(r *http.Request, words []string) answer

// route is a path that the server knows, "*" for any part. There is neither PUT nor
// DELETE, nor what the original had for its mails and replicas (/action, /sync).
type route struct {
	path   []string
	answer handler
}

func (s *Server) newRoutes() []route {
	made := func(h handler) handler { return s.fresh(s.within(s.answers, h)) }
	var routes []route
	for path, answer := range map[string]handler{
		"": s.file, "index.html": s.file, "marketplace.css": s.file, "marketplace.js": s.file,
		"log/*": s.file, "log/*/*": s.file, "feed.atom": made(s.feed),
		"metadata": s.fresh(s.listing), "metadata/*": s.fresh(s.listing), "metadata/*/*": s.fresh(s.listing), "metadata/*/*/*": s.entry,
		"tag/*/*": made(s.tagged), "endorsers": made(s.endorsers), "endorsers/*": made(s.history), "endorsers/*/tags": made(s.tags),
		"upload": s.form, "query": s.query, "health": s.health,
	} {
		routes = append(routes, route{strings.FieldsFunc(path, func(r rune) bool { return r == '/' }), answer})
	}
	return routes
}

// match reports whether the route is for a path, and what "*" stands for.
func (t route) match(parts []string) (words []string, ok bool) {
	for i, part := range parts {
		switch {
		case len(parts) != len(t.path):
			return nil, false
		case t.path[i] == "*":
			words = append(words, part)
		case t.path[i] != part:
			return nil, false
		}
	}
	return words, len(parts) == len(t.path)
}

// answer finds the route of a request and takes it.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) answer {
	parts, ok := segments(r)
	var words []string
	at := slices.IndexFunc(s.routes, func(t route) (matches bool) {
		words, matches = t.match(parts)
		return matches
	})
	if !ok || at < 0 {
		return s.notHere(r)
	}
	isRoot := len(parts) == 1 && parts[0] == entry.Root
	switch {
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
		return s.routes[at].answer(r, words)
	case r.Method == http.MethodPost && isRoot:
		return s.post(w, r)
	}
	allowed := "GET, HEAD"
	if isRoot {
		allowed += ", POST"
	}
	return s.refuse(r, http.StatusMethodNotAllowed, fmt.Sprintf("the method %.300s is not allowed here", r.Method)).with("Allow", allowed)
}

func (s *Server) notHere(r *http.Request) answer {
	return s.refuse(r, http.StatusNotFound, "there is no such page")
}

// post answers a POST. Its body is an entry, or the form with which a table asks for
// its rows.
func (s *Server) post(w http.ResponseWriter, r *http.Request) answer {
	if !strings.HasPrefix(strings.ToLower(r.Header.Get("Content-Type")), "application/x-www-form-urlencoded") {
		return s.upload(w, r)
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	return s.fresh(s.table)(r, nil)
}

// query answers what the server has no answer to.
func (s *Server) query(r *http.Request, _ []string) answer {
	return s.refuse(r, http.StatusNotImplemented, "SPARQL queries are not supported")
}
