package api

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/remote"
)

// maxPages bounds how many listings one search reads, maxInvalid how many
// entries that are none it tells of one by one.
const (
	maxPages   = 10_000
	maxInvalid = 20
)

// Find asks for the listing that is nearest to the query, and follows it.
func (m *Marketplace) Find(ctx context.Context, q entry.Query) iter.Seq2[*entry.Entry, error] {
	return func(yield func(*entry.Entry, error) bool) {
		s := search{Query: q, now: time.Now(), seen: make(map[entry.Series]bool), yield: yield}
		for documents, err := range m.listings(ctx, route(q)) {
			if err != nil {
				yield(nil, err)
				return
			}
			for e, err := range newest(documents) {
				if !s.report(e, err) {
					return
				}
			}
		}
		if more := s.invalid - maxInvalid; more > 0 {
			yield(nil, fmt.Errorf("%w: and %d more", entry.ErrInvalid, more))
		}
	}
}

// listings yields the documents of a listing and of those that it leads to.
func (m *Marketplace) listings(ctx context.Context, path string) iter.Seq2[[][]byte, error] {
	return func(yield func([][]byte, error) bool) {
		read := make(map[string]bool)
		for path != "" {
			l, err := m.page(ctx, path, read)
			if err != nil {
				yield(nil, fmt.Errorf("asking %q: %w", m.address(path), err))
				return
			}
			if l == nil || !yield(l.Documents, nil) {
				return
			}
			if path, err = m.next(l.Next); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// page reads one listing that has not been read; nil if the first is not there.
func (m *Marketplace) page(ctx context.Context, path string, read map[string]bool) (*entry.Listing, error) {
	if read[path] || len(read) == maxPages {
		return nil, fmt.Errorf("%w: a listing without an end", remote.ErrRefused)
	}
	read[path] = true
	l, err := m.listing(ctx, path, m.client.Do)
	if err == nil && l == nil && len(read) > 1 {
		err = fmt.Errorf("%w: a further listing is announced, but not there", remote.ErrRefused)
	}
	return l, err
}

// search is a search under way.
type search struct {
	entry.Query
	now     time.Time
	seen    map[entry.Series]bool
	invalid int
	yield   func(*entry.Entry, error) bool
}

// report yields an entry if it is asked for, and tells whether to go on.
func (s *search) report(e *entry.Entry, err error) bool {
	if err == nil && (s.Identifier != "" && e.Identifier != s.Identifier || s.Email != "" && e.Email != s.Email) {
		err = fmt.Errorf("%w: asked for %q of %q, got %q", entry.ErrInvalid, s.Identifier, s.Email, e.Path())
	}
	if err != nil {
		s.invalid++
		return s.invalid > maxInvalid || s.yield(nil, err)
	}
	if s.Created == "" && s.seen[e.Series()] {
		return true
	}
	s.seen[e.Series()] = true
	if !s.Matches(e.Summary(), s.now) {
		return true
	}
	return s.yield(e, nil)
}

// newest verifies the documents of a listing and yields them, the newest first.
func newest(documents [][]byte) iter.Seq2[*entry.Entry, error] {
	return func(yield func(*entry.Entry, error) bool) {
		var good []*entry.Entry
		for _, src := range documents {
			e, err := entry.Verify(src)
			if err != nil && !yield(nil, err) {
				return
			}
			if err == nil {
				good = append(good, e)
			}
		}
		slices.SortStableFunc(good, func(a, b *entry.Entry) int { return strings.Compare(b.Created, a.Created) })
		for _, e := range good {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// route is the path of the listing that holds what the query asks for, and as
// little else as may be. The original Marketplace has no status "all", and
// takes no filter then. Its lookup of tags is of no use: it tells of one entry
// only, whoever made it.
func route(q entry.Query) string {
	var words []string
	for _, word := range []string{q.Identifier, q.Email, q.Created} {
		if word != "" {
			words = append(words, url.PathEscape(word))
		}
	}
	path := strings.Join(append([]string{entry.Root}, words...), "/")
	if len(words) == 3 {
		return path
	}
	return path + "?status=all"
}

// next makes sure that the path of the next listing stays below the
// Marketplace.
func (m *Marketplace) next(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(u.Path, entry.Root+"/") && u.Path != entry.Root ||
		slices.Contains(strings.Split(u.Path, "/"), "..") {
		return "", errors.Join(remote.ErrRefused, fmt.Errorf("the next listing is said to be at %q", oneLine(path)))
	}
	return path, nil
}
