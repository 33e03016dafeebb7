package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/publish"
	"github.com/stratuslab/stratus/scripts/marketplace/internal/index"
	"github.com/stratuslab/stratus/scripts/marketplace/internal/page"
)

// entry answers with one entry, whatever its status.
func (s *Server) entry(r *http.Request, words []string) answer {
	key, err := entry.ParseKey(words[0], words[1], words[2])
	if err != nil {
		return s.noMatch(r)
	}
	if wanted(r) == formatXML { // which costs no more than reading a file
		return s.sendEntry(r, key)
	}
	return s.within(s.answers, func(r *http.Request, _ []string) answer { return s.sendEntry(r, key) })(r, nil)
}

func (s *Server) sendEntry(r *http.Request, key entry.Key) answer {
	src, err := s.registry.Read(r.Context(), key)
	if errors.Is(err, fs.ErrNotExist) {
		return s.noMatch(r)
	}
	as := wanted(r)
	if err != nil || as == formatXML { // as it was signed; a client has to verify it anyway
		return s.made(r, typeRDF, src, err).with("Content-Disposition", `attachment; filename="`+key.Identifier+`.xml"`)
	}
	e, err := entry.VerifyAs(key, src)
	switch {
	case err != nil && as == formatHTML:
		return s.page(0, page.Entry{Site: site(r), Key: key, Invalid: reason(err)})
	case err != nil: // nothing that nobody has signed must be shown
		s.log.Warnf("%v", err)
		return s.refuse(r, http.StatusInternalServerError, "the signature of the entry is not good")
	case as == formatHTML:
		if err := s.Load(r.Context()); err != nil { // the page lacks its history then
			s.log.Warnf("%v", err)
		}
		return s.page(0, page.Entry{Site: site(r), Key: key, Entry: e, Series: s.index.Series(e.Series(), maxHistory), Now: s.now()})
	}
	return answer{media: typeJSON, body: page.JSON(e.Summary())}
}

// maxHistory bounds how many entries are in a history.
const maxHistory = 500

// document reads the part of an entry that stands in a listing. The error wraps
// entry.ErrInvalid if the entry is damaged. The same bytes are verified only once.
func (s *Server) document(ctx context.Context, k entry.Key) ([]byte, error) {
	src, err := s.registry.Read(ctx, k)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %w", entry.ErrInvalid, err)
	}
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(src)
	if known, ok := s.verified.Load(k); !ok || known != digest {
		if _, err := entry.VerifyAs(k, src); err != nil {
			return nil, fmt.Errorf("reading entry %q: %w", k.Path(), err)
		}
		s.verified.Store(k, digest)
	}
	return entry.Embeddable(src)
}

// tagged answers with the newest entry of an endorser that has a tag and is not
// deprecated. As everywhere, only the newest of each series counts.
func (s *Server) tagged(r *http.Request, words []string) answer {
	q := index.Query{Limit: 1}
	q.Email, q.Tag = words[0], words[1]
	q.Where = func(row entry.Summary) bool { return row.Status(s.now()) != entry.Deprecated }
	found, err := s.find(r, q)
	switch {
	case err != nil:
		return s.late(r, err)
	case len(found.Rows) == 0:
		return s.noMatch(r)
	}
	return s.sendEntry(r, found.Rows[0].Key)
}

// maxEndorsers bounds how many are in the list of endorsers.
const maxEndorsers = 2000

// endorsers answers with those who endorse.
func (s *Server) endorsers(r *http.Request, _ []string) answer {
	if wanted(r) == formatHTML {
		return s.search(r, "")
	}
	return answer{media: typeXML, body: page.Endorsers(s.index.Endorsers(maxEndorsers))}
}

// historyDays is how far back the history of an endorser goes without the parameter
// range.
const historyDays, maxHistoryDays = 30, 36500

// history answers with what an endorser did in the last days.
func (s *Server) history(r *http.Request, words []string) answer {
	days, err := number(r.URL.Query(), "range", historyDays)
	if err != nil || days > maxHistoryDays {
		return s.refuse(r, http.StatusBadRequest, fmt.Sprintf("parameter range: want a number of days, at most %d", maxHistoryDays))
	}
	since := s.now().AddDate(0, 0, -days).UTC().Format(time.RFC3339)
	return s.ofEndorser(r, words[0], page.History(s.index.History(entry.Query{Email: words[0]}, since, true, maxHistory)))
}

// tags answers with the tags of an endorser.
func (s *Server) tags(r *http.Request, words []string) answer {
	return s.ofEndorser(r, words[0], page.Tags(s.index.Tagged(words[0], maxRows)))
}

// ofEndorser answers with a table about an endorser, or sends a browser to the
// endorser's images.
func (s *Server) ofEndorser(r *http.Request, email string, table []byte) answer {
	switch {
	case !s.isKnown(entry.Query{Email: email}):
		return s.noMatch(r)
	case wanted(r) == formatHTML:
		return s.search(r, "all", email)
	}
	return answer{media: typeXML, body: table}
}

// isKnown reports whether there is an entry of an image, of an endorser or of both.
func (s *Server) isKnown(of entry.Query) bool { return len(s.index.History(of, "", true, 1)) > 0 }

// feedEntries is how many entries are in the feed.
const feedEntries = 64

// feed answers with the feed of the latest entries.
func (s *Server) feed(r *http.Request, _ []string) answer {
	body, err := publish.Feed("", s.index.History(entry.Query{}, "", false, feedEntries))
	return s.made(r, typeAtom, body, err)
}
