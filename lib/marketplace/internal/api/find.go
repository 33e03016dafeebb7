package api

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/remote"
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
func (m *Marketplace) Find(ctx context.Context, q entry.Query) iter.Seq2[*entry.Entry, error] {
	return func(yield func(*entry.Entry, error) bool) {
		slow := fmt.Errorf("%w: the search takes more than %s", remote.ErrUnreachable, m.limits.search)
		ctx, cancel := context.WithTimeoutCause(ctx, m.limits.search, slow)
		defer cancel()
		s := search{Marketplace: m, Query: q, now: time.Now(), left: m.limits.bytes, read: make(map[string]bool), yield: yield}
		for path := route(q); path != ""; {
			l, err := s.page(ctx, path)
			if err != nil {
				yield(nil, fmt.Errorf("asking %q: %w", m.address(path), err))
				return
			}
			if !s.add(ctx, l.Documents) {
				return
			}
			path = l.Next
		}
		for _, e := range s.newest.Values() {
			if e != nil && !yield(e, nil) {
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
	now     time.Time
	left    int64                      // bytes that may still be read
	read    map[string]bool            // paths of listings
	newest  entry.Newest[*entry.Entry] // nil for an entry that the query does not match
	invalid int
	yield   func(*entry.Entry, error) bool
}

// page reads one listing that has not been read; the first one may be missing.
func (s *search) page(ctx context.Context, path string) (*entry.Listing, error) {
	if s.read[path] || len(s.read) == maxPages {
		return nil, fmt.Errorf("%w: the listings do not end", remote.ErrRefused)
	}
	s.read[path] = true
	l, size, err := s.listing(ctx, path, s.left, s.client.Do)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil && s.left < entry.MaxListing:
		return nil, fault.WithHint(err, "ask for less: name an image, an endorser or a tag")
	case err != nil:
		return nil, err
	case l == nil && len(s.read) > 1:
		return nil, fmt.Errorf("%w: a further listing is announced, but not there", remote.ErrRefused)
	case l == nil:
		return &entry.Listing{}, nil
	}
	s.left -= size
	return l, checkNext(l.Next)
}

// add verifies the documents of a listing. It reports whether to go on.
func (s *search) add(ctx context.Context, documents [][]byte) bool {
	for _, src := range documents {
		if ctx.Err() != nil {
			s.yield(nil, context.Cause(ctx))
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
		s.consider(e)
	}
	return true
}

// consider keeps an entry if it is the newest of its series.
func (s *search) consider(e *entry.Entry) {
	if s.Created != "" && e.Created != s.Created { // which hides nothing
		return
	}
	series, key := e.Series(), e.Key
	if !s.Matches(e.Summary(), s.now) {
		e = nil
	}
	s.newest.Add(series, key, e)
}

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
