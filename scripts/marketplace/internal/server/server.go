// Package server answers the requests of the StratusLab Marketplace over HTTP,
// for programs and for browsers, from the directory of a registry.
//
// It must not know how entries are kept, which is the registry's business, nor
// how pages look.
package server

import (
	"io/fs"
	"net/http"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/page"
	"github.com/stratuslab/stratus/lib/marketplace/publish"
	"github.com/stratuslab/stratus/lib/marketplace/registry"
	"github.com/stratuslab/stratus/scripts/marketplace/internal/index"
)

// Limits bound what requests may take.
type Limits struct {
	Uploads  int           // verified and published at once
	Bodies   int           // uploads under way at once, at least Uploads
	Wait     time.Duration // for an upload, for its turn
	Body     time.Duration // for the body of an upload to arrive
	Publish  time.Duration // for an entry to be written
	Answers  int           // made at once, but for searches with expressions
	Searches int           // with expressions, at once
	Turn     time.Duration // for reading, for its turn
	Search   time.Duration // for a search
	Sending  int64         // bytes of large bodies that are being sent
	// Documents and Bytes bound one listing in XML; it leads on to the next.
	// At least one document is in it, whatever its size.
	Documents, Bytes int
}

// DefaultLimits are fit for a Marketplace on the open network.
func DefaultLimits() Limits {
	return Limits{
		Uploads: 8, Bodies: 64, Wait: 10 * time.Second, Body: 30 * time.Second, Publish: 60 * time.Second,
		Answers: 4, Searches: runtime.GOMAXPROCS(0), Turn: 5 * time.Second, Search: 3 * time.Second, Sending: 128 << 20,
		Documents: 500, Bytes: 8 << 20,
	}
}

// Log takes messages for who runs the server, one line each. It is called from
// several goroutines, and makes sure that no text drives a terminal.
type Log interface {
	Infof(format string, args ...any)    // requests
	Verbosef(format string, args ...any) // what may be of use when looking for a mistake
	Warnf(format string, args ...any)    // what somebody should look at
}

// Server is the API over one registry. It is an http.Handler.
type Server struct {
	registry *registry.Registry
	writer   *publish.Writer
	limits   Limits
	log      Log
	now      func() time.Time

	bodies, uploads   gate
	answers, searches gate
	sending           atomic.Int64 // bytes
	verdict           verdict

	loading chan struct{} // has one token, for the one who changes the rest
	stamp   string        // of what is in the index
	index   index.Index
}

// New returns a server of the registry in a directory, which the writer publishes
// into. Load fills it.
func New(files registry.Files, writer *publish.Writer, limits Limits, log Log) *Server {
	return &Server{
		registry: registry.New(files), writer: writer, limits: limits, log: log, now: time.Now,
		bodies: newGate(max(limits.Bodies, limits.Uploads), limits.Wait), uploads: newGate(limits.Uploads, limits.Wait),
		answers: newGate(limits.Answers, limits.Turn), searches: newGate(limits.Searches, limits.Turn),
		loading: make(chan struct{}, 1),
	}
}

// ServeHTTP answers a request and writes a line about it to the log.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	counted := &counter{ResponseWriter: w}
	defer func() { s.logAccess(r, counted, time.Since(began)) }()
	setHeaders(w.Header())
	s.route(counted, r)
}

// route finds out what a request is for. There is neither PUT nor DELETE, nor
// what the original had for its mails and replicas (/action, /sync).
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	words, ok := segments(r)
	if !ok {
		s.refuse(w, r, http.StatusNotFound, notHere)
		return
	}
	name := "/"
	if len(words) > 0 {
		name, words = words[0], words[1:]
	}
	methods, answer := s.answerFor(name, words)
	switch {
	case answer == nil:
		s.refuse(w, r, http.StatusNotFound, notHere)
	case !slices.Contains(methods, r.Method):
		w.Header().Set("Allow", strings.Join(methods, ", "))
		s.refuse(w, r, http.StatusMethodNotAllowed, "the method "+clip(r.Method)+" is not allowed here")
	default:
		answer(w, r)
	}
}

const notHere = "there is no such page"

func reading() []string { return []string{http.MethodGet, http.MethodHead} }

// answerFor gives what answers requests for a path, and their methods.
func (s *Server) answerFor(name string, words []string) (methods []string, answer http.HandlerFunc) {
	with := func(f func(http.ResponseWriter, *http.Request, []string)) http.HandlerFunc {
		return s.fresh(func(w http.ResponseWriter, r *http.Request) { f(w, r, words) })
	}
	email := func(f func(http.ResponseWriter, *http.Request, string)) http.HandlerFunc {
		return s.fresh(s.within(s.answers, func(w http.ResponseWriter, r *http.Request) { f(w, r, words[0]) }))
	}
	switch {
	case name == "metadata" && len(words) == 0:
		return append(reading(), http.MethodPost), s.metadata
	case name == "metadata" && len(words) <= 2:
		return reading(), with(s.listing)
	case name == "metadata" && len(words) == 3:
		return reading(), func(w http.ResponseWriter, r *http.Request) { s.entry(w, r, words) }
	case name == "tag" && len(words) == 2:
		return reading(), with(func(w http.ResponseWriter, r *http.Request, words []string) { s.tagged(w, r, words[0], words[1]) })
	case name == "endorsers" && len(words) == 0:
		return reading(), s.fresh(s.within(s.answers, s.endorsers))
	case name == "endorsers" && len(words) == 1:
		return reading(), email(s.history)
	case name == "endorsers" && len(words) == 2 && words[1] == "tags":
		return reading(), email(s.tags)
	case name == "css" || name == "js":
		return reading(), s.asset(path.Join(append([]string{name}, words...)...))
	case len(words) > 0:
		return nil, nil
	}
	return s.answerForPage(name)
}

// answerForPage is answerFor for paths of one part.
func (s *Server) answerForPage(name string) (methods []string, answer http.HandlerFunc) {
	switch name {
	case "/", "index.html":
		return reading(), func(w http.ResponseWriter, r *http.Request) {
			body, err := page.Redirect()
			s.sendMade(w, r, typeHTML, body, err)
		}
	case "upload":
		return reading(), func(w http.ResponseWriter, r *http.Request) { s.sendPage(w, r, page.Upload{Site: site(r)}) }
	case "feed.atom":
		return reading(), s.fresh(s.within(s.answers, s.feed))
	case "query":
		return reading(), func(w http.ResponseWriter, r *http.Request) {
			s.refuse(w, r, http.StatusNotImplemented, "SPARQL queries are not supported")
		}
	case "health":
		return reading(), s.health
	}
	return nil, nil
}

// metadata answers requests for /metadata itself. What is posted there is an
// entry, but for the query of a table.
func (s *Server) metadata(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodPost:
		s.fresh(func(w http.ResponseWriter, r *http.Request) { s.listing(w, r, nil) })(w, r)
	case strings.HasPrefix(strings.ToLower(r.Header.Get("Content-Type")), "application/x-www-form-urlencoded"):
		s.fresh(s.table)(w, r)
	default:
		s.upload(w, r)
	}
}

// assetTypes are the media types of the files that pages need.
var assetTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// asset answers with a file that pages need.
func (s *Server) asset(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := fs.ReadFile(page.Assets(), name)
		if err != nil {
			s.refuse(w, r, http.StatusNotFound, notHere)
			return
		}
		s.send(w, r, assetTypes[path.Ext(name)], body)
	}
}
