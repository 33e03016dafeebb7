package server

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/scripts/marketplace/internal/index"
	"github.com/stratuslab/stratus/scripts/marketplace/internal/page"
)

// maxRows bounds one listing in JSON.
const maxRows = 5000

// listing answers a request for entries: those that the path names, or all.
func (s *Server) listing(r *http.Request, words []string) answer {
	form := r.URL.Query()
	if len(words) == 1 && entry.IsEmail(words[0]) && form.Get("tag") != "" {
		return s.within(s.answers, s.tagged)(r, []string{words[0], form.Get("tag")})
	}
	return s.list(r, words, form, wanted(r))
}

// table answers the form that DataTables posts.
func (s *Server) table(r *http.Request, _ []string) answer {
	if err := r.ParseForm(); err != nil {
		return s.refuse(r, http.StatusBadRequest, "unable to parse query")
	}
	return s.list(r, nil, r.Form, formatJSON)
}

func (s *Server) list(r *http.Request, words []string, form url.Values, as format) answer {
	q, err := parseQuery(words, form)
	switch {
	case errors.Is(err, errNoSuch):
		return s.noMatch(r)
	case err != nil:
		return s.refuse(r, http.StatusBadRequest, err.Error())
	case as == formatHTML:
		return s.listHTML(r, q, form)
	}
	g := s.answers
	if q.HasExpression() { // these make only each other wait
		g = s.searches
	}
	return s.within(g, func(r *http.Request, _ []string) answer {
		if as == formatXML {
			return s.listXML(r, q, form)
		}
		return s.listJSON(r, q, form)
	})(r, nil)
}

// find searches the index for a limited time.
func (s *Server) find(r *http.Request, q index.Query) (index.Result, error) {
	ctx, cancel := context.WithTimeout(r.Context(), s.limits.Search)
	defer cancel()
	return s.index.Find(ctx, q, s.now())
}

// late answers for a search that took too long.
func (s *Server) late(r *http.Request, err error) answer {
	s.log.Verbosef("%v", err)
	return s.busy(r, "the search takes too long")
}

// isFiltered reports whether the query is for less than all images: then it is an
// error if there are none.
func isFiltered(q index.Query) bool {
	return q.Identifier != "" || q.Email != "" || q.Created != "" || q.Tag != ""
}

// maxDamaged bounds how often a listing is made anew because an entry is damaged.
const maxDamaged = 10

// listXML answers with signed documents, the newest first. If there are more than fit,
// the listing names the next one: before its last entry, so that entries that arrive
// or expire between two requests hide no other.
func (s *Server) listXML(r *http.Request, q index.Query, form url.Values) answer {
	asked := q.Limit
	q.Limit, q.Column = min(asked, s.limits.Documents), nil
	for tries := 0; ; tries++ {
		found, err := s.find(r, q)
		switch {
		case err != nil:
			return s.late(r, err)
		case found.Matching == 0:
			return s.noMatch(r)
		}
		documents, read, damaged := s.documents(r.Context(), found.Rows)
		if damaged && tries < maxDamaged { // the elders of what is damaged count now
			continue
		}
		l := entry.Listing{Documents: documents}
		if 0 < read && read < min(asked, found.Matching-q.Offset) {
			l.Next = continued(r, form, found.Rows[read-1].Key, asked-read)
		}
		return answer{media: typeXML, body: entry.FormatListing(l)}
	}
}

// documents reads the entries of a listing, as many as fit, and returns how many it
// read. It leaves out entries that cannot be read, and takes damaged ones out of the
// index.
func (s *Server) documents(ctx context.Context, rows []entry.Summary) (documents [][]byte, read int, damaged bool) {
	var size entry.Size
	for i, row := range rows {
		document, err := s.document(ctx, row.Key)
		if err != nil {
			s.log.Warnf("leaving an entry out of a listing: %v", err)
			if errors.Is(err, entry.ErrInvalid) {
				damaged = true
				s.index.Remove(row.Key)
			}
			continue
		}
		size.Add(document)
		if len(documents) > 0 && (size.Bytes > s.limits.Bytes || !size.Readable()) {
			return documents, i, damaged
		}
		documents = append(documents, document)
	}
	return documents, len(rows), damaged
}

// continued returns the path, below the root, of the same listing after an entry, of
// which at most limit more entries are wanted.
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

func (s *Server) listJSON(r *http.Request, q index.Query, form url.Values) answer {
	q.Limit = min(q.Limit, maxRows)
	found, err := s.find(r, q)
	switch {
	case err != nil:
		return s.late(r, err)
	case found.Total == 0 && isFiltered(q):
		return s.noMatch(r)
	}
	a := answer{media: typeJSON, body: page.Rows(form.Get("sEcho"), found.Rows, found.Total, found.Matching)}
	if r.Method == http.MethodPost { // its answer is not compared with an earlier one
		a.status = http.StatusOK
	}
	return a
}

// listHTML sends a browser to the static page, which shows what the query asks for.
// People who name an image or an endorser want to see entries of every status.
func (s *Server) listHTML(r *http.Request, q index.Query, form url.Values) answer {
	status := form.Get("status")
	if isFiltered(q) {
		status = cmp.Or(status, "all")
		of := index.Query{Query: entry.Query{Identifier: q.Identifier, Email: q.Email, Created: q.Created}}
		if found, err := s.find(r, of); err != nil {
			return s.late(r, err)
		} else if found.Total == 0 {
			return s.noMatch(r)
		}
	}
	words := []string{q.Identifier, q.Email, q.Created}
	for _, name := range []string{"title", "os", "version", "arch", "endorser"} {
		words = append(words, form.Get(name))
	}
	return s.search(r, status, words...)
}
