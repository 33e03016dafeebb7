package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/registry"
	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/report"
)

// maxPages bounds how many listings one search reads, and maxInvalid how many
// damaged entries it reports one by one.
const (
	maxPages   = 10_000
	maxInvalid = 20
)

// Find yields what the query asks for, the newest first, after it has read the
// listing that is nearest to the query and all those that this one leads to: the
// newest entry of a series may be in the last of them. Damaged entries are
// reported, by errors that wrap entry.ErrInvalid, and hide no other.
//
// If a plain web server answers, Find reads the files of a registry.
func (m *Marketplace) Find(ctx context.Context, q entry.Query) iter.Seq2[*entry.Entry, error] {
	return func(yield func(*entry.Entry, error) bool) {
		slow := fmt.Errorf("%w: the search takes more than %s", remote.ErrUnreachable, m.limits.search)
		ctx, cancel := context.WithTimeoutCause(ctx, m.limits.search, slow)
		defer cancel()
		s := search{Marketplace: m, Query: q, ctx: ctx, now: time.Now(), left: m.limits.bytes, yield: yield}
		s.read, s.sources = make(map[string]bool), make(map[entry.Key][]byte)
		for path := route(q); path != ""; {
			l, err := s.page(path)
			var answer *Answer
			if len(s.read) == 1 && errors.As(err, &answer) {
				switch {
				case answer.isMissing() && answer.xml: // a Marketplace has nothing
					return
				case answer.isMissing(), answer.Status == http.StatusNotImplemented, answer.html && answer.Status < 500:
					s.files(answer)
					return
				}
			}
			if err != nil {
				yield(nil, fmt.Errorf("asking %q: %w", m.address(path), err))
				return
			}
			if !s.add(l.Documents) {
				return
			}
			path = l.Next
		}
		for e, err := range entry.Select(q, s.now, s.newestFirst, s.load) {
			if !yield(e, err) {
				return
			}
		}
		if more := s.invalid - maxInvalid; more > 0 {
			yield(nil, fmt.Errorf("%w: and %d more", entry.ErrInvalid, more))
		}
	}
}

// search is a search under way.
type search struct {
	*Marketplace
	entry.Query
	ctx     context.Context // of the search
	now     time.Time
	left    int64           // bytes that may still be read
	read    map[string]bool // paths of listings
	found   []entry.Summary // of verified entries
	sources map[entry.Key][]byte
	invalid int
	yield   func(*entry.Entry, error) bool
}

// page reads one listing that has not been read.
func (s *search) page(path string) (*entry.Listing, error) {
	if s.read[path] || len(s.read) == maxPages {
		return nil, fmt.Errorf("%w: the listings do not end", remote.ErrRefused)
	}
	s.read[path] = true
	l, size, err := s.listing(s.ctx, path, s.left, s.client.Do)
	switch {
	case s.ctx.Err() != nil:
		return nil, context.Cause(s.ctx)
	case err != nil && s.left < entry.MaxListing:
		return nil, report.WithHint(err, "ask for less: name an image, an endorser or a tag")
	case err != nil:
		return nil, err
	}
	s.left -= size
	return l, checkNext(l.Next)
}

// files searches the files of a registry behind a plain web server, which gave the
// answer. Without a registry the search ends with that.
func (s *search) files(answer *Answer) {
	for e, err := range registry.FindListed(s.ctx, s, s.Query) {
		if errors.Is(err, registry.ErrBroken) {
			err = fmt.Errorf("asking %q: %w", s.address(route(s.Query)), answer)
		}
		if !s.yield(e, err) {
			return
		}
	}
}

// ReadFile reads a file of a registry behind a plain web server.
func (s *search) ReadFile(name string, limit int64) ([]byte, error) {
	var parts []string
	for part := range strings.SplitSeq(name, "/") {
		parts = append(parts, url.PathEscape(part))
	}
	body, err := s.get(s.ctx, strings.Join(parts, "/"), "*/*", min(limit, s.left), s.client.Do)
	var answer *Answer
	switch {
	case s.ctx.Err() != nil:
		return nil, context.Cause(s.ctx)
	case errors.As(err, &answer) && answer.isMissing():
		return nil, fmt.Errorf("%w: %q", fs.ErrNotExist, s.address(name))
	case err != nil:
		return nil, fmt.Errorf("asking %q: %w", s.address(name), err)
	}
	s.left -= int64(len(body))
	return body, nil
}

// add verifies the documents of a listing. It reports whether to go on.
func (s *search) add(documents [][]byte) bool {
	for _, src := range documents {
		if s.ctx.Err() != nil {
			s.yield(nil, context.Cause(s.ctx))
			return false
		}
		e, err := entry.Verify(src)
		if err == nil && (s.Identifier != "" && e.Identifier != s.Identifier || s.Email != "" && e.Email != s.Email) {
			err = fmt.Errorf("%w: asked for %q of %q, got %q", entry.ErrInvalid, s.Identifier, s.Email, e.Path())
		}
		if err != nil {
			if s.invalid++; s.invalid <= maxInvalid && !s.yield(nil, err) {
				return false
			}
			continue
		}
		if known, ok := s.sources[e.Key]; ok && !bytes.Equal(known, src) { // by another certificate
			e = e.AsVariant()
		}
		if s.sources[e.Key] == nil {
			s.sources[e.Key] = src
			s.found = append(s.found, e.Summary())
		}
	}
	return true
}

// newestFirst yields the entries that were found. They are not held with their
// documents, which take many times as much memory as the sources.
func (s *search) newestFirst(yield func(entry.Candidate, error) bool) {
	slices.SortFunc(s.found, func(a, b entry.Summary) int { return b.Compare(a.Key) })
	for _, summary := range s.found {
		if !yield(entry.Candidate{Summary: summary}, nil) {
			return
		}
	}
}

// load verifies an entry that was found once more.
func (s *search) load(k entry.Key) (*entry.Entry, error) { return entry.VerifyAs(k, s.sources[k]) }

// route returns the path of the smallest listing that holds what the query asks
// for. The original Marketplace does not know the status "all", and then filters
// by none. Its lookup of tags is of no use: it answers with one entry, whoever made
// it.
func route(q entry.Query) string {
	words := []string{entry.Root}
	for _, word := range []string{q.Identifier, q.Email, q.Created} {
		if word != "" {
			words = append(words, url.PathEscape(word))
		}
	}
	path := strings.Join(words, "/")
	if len(words) == 4 {
		return path
	}
	return path + "?status=all"
}

// checkNext makes sure that the path of the next listing stays below the
// Marketplace.
func checkNext(path string) error {
	u, err := url.Parse(path)
	if path == "" || err == nil && u.Scheme == "" && u.Host == "" && u.User == nil &&
		(u.Path == entry.Root || strings.HasPrefix(u.Path, entry.Root+"/")) && !slices.Contains(strings.Split(u.Path, "/"), "..") {
		return nil
	}
	return fmt.Errorf("%w: the next listing is said to be at %q", remote.ErrRefused, oneLine(path))
}
