package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/page"
	"github.com/stratuslab/stratus/scripts/marketplace/internal/index"
)

const (
	maxRows  = 5000 // in one listing in JSON
	pageRows = 50   // on one page
)

// noMatch is what the original says.
const noMatch = "no metadata matching query found"

// listing answers a request for entries, those of a path or all.
func (s *Server) listing(w http.ResponseWriter, r *http.Request, words []string) {
	form := r.URL.Query()
	if len(words) == 1 && entry.IsEmail(words[0]) && form.Get("tag") != "" {
		s.tagged(w, r, words[0], form.Get("tag"))
		return
	}
	s.list(w, r, words, form, wanted(r))
}

// table answers a query that DataTables posts.
func (s *Server) table(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		s.refuse(w, r, http.StatusBadRequest, "unable to parse query")
		return
	}
	s.list(w, r, nil, r.Form, formatJSON)
}

func (s *Server) list(w http.ResponseWriter, r *http.Request, words []string, form url.Values, as format) {
	if as == formatHTML && len(words) > 0 && !form.Has("status") {
		// People who ask for an image by name want to see what became of it.
		form.Set("status", "all")
	}
	q, err := parseQuery(words, form)
	if errors.Is(err, errNoSuch) {
		s.refuse(w, r, http.StatusNotFound, noMatch)
		return
	}
	if err != nil {
		s.refuse(w, r, http.StatusBadRequest, err.Error())
		return
	}
	g := s.answers
	if q.HasExpression() { // so that these only make each other wait
		g = s.searches
	}
	s.within(g, func(w http.ResponseWriter, r *http.Request) {
		switch as {
		case formatXML:
			s.listXML(w, r, q, form)
		case formatJSON:
			s.listJSON(w, r, q, form)
		default:
			s.listHTML(w, r, q, form)
		}
	})(w, r)
}

// find searches the index, which has only so much time for it. It answers the
// request if nothing comes of it.
func (s *Server) find(w http.ResponseWriter, r *http.Request, q index.Query) (index.Result, bool) {
	ctx, cancel := context.WithTimeout(r.Context(), s.limits.Search)
	defer cancel()
	found, err := s.index.Find(ctx, q, s.now())
	if err != nil {
		s.log.Verbosef("%v", err)
		w.Header().Set("Retry-After", "10")
		s.refuse(w, r, http.StatusServiceUnavailable, "the search takes too long")
	}
	return found, err == nil
}

// isFiltered tells whether more is asked for than the list of all images, for
// which it is an error that there is nothing.
func isFiltered(q index.Query) bool {
	return q.Identifier != "" || q.Email != "" || q.Created != "" || q.Tag != ""
}

// listXML answers with signed documents, the newest first. Where there are more
// than fit, the listing says where it goes on: before the last one, so that
// entries that arrive or expire between two requests move no other out of sight.
func (s *Server) listXML(w http.ResponseWriter, r *http.Request, q index.Query, form url.Values) {
	asked := q.Limit
	q.Limit, q.Column = min(asked, s.limits.Documents), nil
	found, ok := s.find(w, r, q)
	if !ok {
		return
	}
	if found.Matching == 0 {
		s.refuse(w, r, http.StatusNotFound, noMatch)
		return
	}
	documents, read := s.documents(r.Context(), found.Rows)
	next := ""
	if 0 < read && read < min(asked, found.Matching-q.Offset) {
		next = continued(r, form, found.Rows[read-1].Key, asked-read)
	}
	s.send(w, r, typeXML, page.XML(documents, next))
}

// documents reads the entries of a listing, as many as fit, and tells how many
// were read. What cannot be read is left out.
func (s *Server) documents(ctx context.Context, rows []entry.Summary) (documents [][]byte, read int) {
	size := 0
	for i, row := range rows {
		document, err := s.document(ctx, row.Key)
		if err != nil {
			s.log.Warnf("leaving an entry out of a listing: %v", err)
			continue
		}
		if size += len(document); size > s.limits.Bytes && len(documents) > 0 {
			return documents, i
		}
		documents = append(documents, document)
	}
	return documents, len(rows)
}

// document reads the part of an entry that stands in a listing.
func (s *Server) document(ctx context.Context, k entry.Key) ([]byte, error) {
	src, err := s.registry.Read(ctx, k)
	if err != nil {
		return nil, err
	}
	document, err := entry.Embeddable(src)
	if err != nil {
		return nil, fmt.Errorf("reading entry %q: %w", k.Path(), err)
	}
	return document, nil
}

// continued is the path, below the root, of the same listing after an entry,
// of which at most limit more entries are wanted.
func continued(r *http.Request, form url.Values, last entry.Key, limit int) string {
	parts, _ := segments(r)
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	next := maps.Clone(form)
	next.Del("iDisplayStart")
	next.Set("before", last.Path())
	if next.Has("iDisplayLength") {
		next.Set("iDisplayLength", strconv.Itoa(limit))
	}
	return strings.Join(parts, "/") + "?" + next.Encode()
}

func (s *Server) listJSON(w http.ResponseWriter, r *http.Request, q index.Query, form url.Values) {
	q.Limit = min(q.Limit, maxRows)
	found, ok := s.find(w, r, q)
	if !ok {
		return
	}
	if found.Total == 0 && isFiltered(q) {
		s.refuse(w, r, http.StatusNotFound, noMatch)
		return
	}
	body, err := page.Rows(form.Get("sEcho"), found.Rows, found.Total, found.Matching)
	if r.Method != http.MethodPost {
		s.sendMade(w, r, typeJSON, body, err)
		return
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	write(w, http.StatusOK, typeJSON, body)
}

func (s *Server) listHTML(w http.ResponseWriter, r *http.Request, q index.Query, form url.Values) {
	q.Limit = min(q.Limit, pageRows)
	found, ok := s.find(w, r, q)
	if !ok {
		return
	}
	if found.Total == 0 && isFiltered(q) && !s.isKnown(q) {
		s.refuse(w, r, http.StatusNotFound, noMatch)
		return
	}
	search := page.ParseSearch(form)
	turn := func(to int) string {
		at := maps.Clone(form)
		at.Set("iDisplayStart", strconv.Itoa(to))
		return "?" + at.Encode()
	}
	list := page.List{Site: site(r), Heading: heading(q), Rows: found.Rows, Total: found.Matching, Search: &search, Now: s.now()}
	if q.Offset > 0 {
		list.Newer = turn(max(0, q.Offset-q.Limit))
	}
	if next := q.Offset + len(found.Rows); next < found.Matching && len(found.Rows) > 0 {
		list.Older = turn(next)
	}
	s.sendPage(w, r, list)
}

// isKnown tells whether there is anything of the image and endorser that are
// asked for, perhaps of another status.
func (s *Server) isKnown(q index.Query) bool {
	return q.Created == "" && (q.Identifier != "" || q.Email != "") && len(s.index.History(q.Query, "", true, 1)) > 0
}

func heading(q index.Query) string {
	switch {
	case q.Identifier != "" && q.Email != "":
		return "Image " + q.Identifier + " by " + q.Email
	case q.Identifier != "":
		return "Image " + q.Identifier
	case q.Email != "":
		return "Images by " + q.Email
	case q.Created != "":
		return "Images of " + q.Created
	}
	return "Images"
}
