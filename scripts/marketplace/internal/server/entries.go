package server

import (
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/page"
	"github.com/stratuslab/stratus/scripts/marketplace/internal/index"
)

// entry answers with one entry, whatever its status. The name may end with the
// kind of body, as in a tree that is served as files.
func (s *Server) entry(w http.ResponseWriter, r *http.Request, words []string) {
	created, as := words[2], wanted(r)
	for _, f := range []format{formatJSON, formatHTML} {
		if before, ok := strings.CutSuffix(created, "."+string(f)); ok {
			created, as = before, f
		}
	}
	key, err := entry.ParseKey(words[0], words[1], created)
	if err != nil {
		s.refuse(w, r, http.StatusNotFound, noMatch)
		return
	}
	answer := func(w http.ResponseWriter, r *http.Request) { s.sendEntry(w, r, key, as) }
	if as != formatXML { // which is the file as it is
		answer = s.within(s.answers, answer)
	}
	answer(w, r)
}

func (s *Server) sendEntry(w http.ResponseWriter, r *http.Request, key entry.Key, as format) {
	src, err := s.registry.Read(r.Context(), key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.refuse(w, r, http.StatusNotFound, noMatch)
		return
	case err != nil:
		s.fail(w, r, err)
		return
	}
	if as == formatXML {
		// As it was signed; who reads it has to verify it anyway.
		w.Header().Set("Content-Disposition", `attachment; filename="`+key.Identifier+`.xml"`)
		s.send(w, r, typeRDF, src)
		return
	}
	e, err := entry.VerifyAs(key, src)
	switch {
	case err != nil && as == formatHTML:
		s.sendPage(w, r, page.Unverified{Site: site(r), Key: key, Reason: reason(err)})
	case err != nil: // it has to be hidden that somebody says something that nobody signed
		s.log.Warnf("%v", err)
		s.refuse(w, r, http.StatusInternalServerError, "the signature of the entry is not good")
	case as == formatHTML:
		if err := s.Load(r.Context()); err != nil { // the page lacks its history then
			s.log.Warnf("%v", err)
		}
		s.sendPage(w, r, page.Single{Site: site(r), Entry: e, History: s.series(e), Now: s.now()})
	default:
		body, err := page.RDFJSON(e)
		s.sendMade(w, r, typeJSON, body, err)
	}
}

// maxHistory bounds how many entries are in a history.
const maxHistory = 500

// series gives the keys of the entries of the series of one.
func (s *Server) series(of *entry.Entry) []entry.Key {
	keys := s.index.Series(of.Series(), maxHistory)
	if !slices.Contains(keys, of.Key) {
		keys = append(keys, of.Key)
	}
	return keys
}

// tagged answers with the newest entry of an endorser that has a tag and is not
// deprecated. As everywhere, only the newest of each series is looked at.
func (s *Server) tagged(w http.ResponseWriter, r *http.Request, email, tag string) {
	s.within(s.answers, func(w http.ResponseWriter, r *http.Request) { s.sendTagged(w, r, email, tag) })(w, r)
}

func (s *Server) sendTagged(w http.ResponseWriter, r *http.Request, email, tag string) {
	q := index.Query{Limit: 1}
	q.Email, q.Tag = email, tag
	q.Where = func(row entry.Summary) bool { return row.Status(s.now()) != entry.Deprecated }
	found, ok := s.find(w, r, q)
	switch {
	case !ok:
	case len(found.Rows) == 0:
		s.refuse(w, r, http.StatusNotFound, noMatch)
	default:
		s.sendEntry(w, r, found.Rows[0].Key, wanted(r))
	}
}

// maxEndorsers bounds how many are in the list of endorsers.
const maxEndorsers = 2000

// endorsers answers who endorses.
func (s *Server) endorsers(w http.ResponseWriter, r *http.Request) {
	rows := s.index.Endorsers(maxEndorsers)
	if wanted(r) == formatHTML {
		s.sendPage(w, r, page.EndorserList{Site: site(r), Rows: rows})
		return
	}
	body, err := page.Endorsers(rows)
	s.sendMade(w, r, typeXML, body, err)
}

// historyDays is how far back the history of an endorser goes unless the
// parameter range says otherwise.
const historyDays, maxHistoryDays = 30, 36500

// history answers what an endorser did in the last days.
func (s *Server) history(w http.ResponseWriter, r *http.Request, email string) {
	days, err := number(r.URL.Query(), "range", historyDays)
	if err != nil || days > maxHistoryDays {
		s.refuse(w, r, http.StatusBadRequest, "parameter range: a number of days is expected")
		return
	}
	q := entry.Query{Email: email}
	if len(s.index.History(q, "", true, 1)) == 0 {
		s.refuse(w, r, http.StatusNotFound, noMatch)
		return
	}
	since := s.now().AddDate(0, 0, -days).UTC().Format(time.RFC3339)
	if wanted(r) == formatHTML {
		s.historyPage(w, r, email, since)
		return
	}
	body, err := page.History(s.index.History(q, since, true, maxHistory))
	s.sendMade(w, r, typeXML, body, err)
}

// historyPage shows the images that an endorser described since a time, each
// once, as it is now.
func (s *Server) historyPage(w http.ResponseWriter, r *http.Request, email, since string) {
	q := index.Query{Limit: maxHistory}
	q.Email = email
	q.Where = func(row entry.Summary) bool { return row.Created >= since }
	if found, ok := s.find(w, r, q); ok {
		s.sendPage(w, r, page.List{Site: site(r), Heading: "Endorsements by " + email, Rows: found.Rows, Total: found.Matching, Now: s.now()})
	}
}

// tags answers which tags an endorser uses.
func (s *Server) tags(w http.ResponseWriter, r *http.Request, email string) {
	rows := s.index.Tagged(email, maxRows)
	if rows == nil {
		s.refuse(w, r, http.StatusNotFound, noMatch)
		return
	}
	if wanted(r) == formatHTML {
		s.sendPage(w, r, page.TagList{Site: site(r), Email: email, Rows: rows})
		return
	}
	body, err := page.Tags(rows)
	s.sendMade(w, r, typeXML, body, err)
}

// feedEntries is how many entries are in the feed.
const feedEntries = 64

// feed answers with the feed of the latest entries.
func (s *Server) feed(w http.ResponseWriter, r *http.Request) {
	body, err := page.Atom("", s.index.History(entry.Query{}, "", false, feedEntries))
	s.sendMade(w, r, typeAtom, body, err)
}
