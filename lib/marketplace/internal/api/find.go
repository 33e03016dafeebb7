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

// maxPages bounds how many listings one search reads.
const maxPages = 10_000

// Find asks for the listing that is nearest to the query, and follows it.
func (m *Marketplace) Find(ctx context.Context, q entry.Query) iter.Seq2[*entry.Entry, error] {
	return func(yield func(*entry.Entry, error) bool) {
		now := time.Now()
		seen := make(map[entry.Key]bool) // without their times
		read := make(map[string]bool)    // listings
		for path := route(q); path != ""; {
			if read[path] || len(read) == maxPages {
				yield(nil, fmt.Errorf("%w: a listing without an end", remote.ErrRefused))
				return
			}
			read[path] = true
			l, err := m.listing(ctx, path)
			if err == nil && l == nil {
				if len(read) == 1 {
					return // nothing matches
				}
				err = fmt.Errorf("%w: a further listing is announced, but not there", remote.ErrRefused)
			}
			if err != nil {
				yield(nil, fmt.Errorf("asking %q: %w", m.address(path), err))
				return
			}
			for e, err := range newest(l.Documents) {
				if !report(q, seen, now, e, err, yield) {
					return
				}
			}
			if path, err = m.next(l.Next); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// report yields an entry if it is asked for, and tells whether to go on.
func report(q entry.Query, seen map[entry.Key]bool, now time.Time, e *entry.Entry, err error, yield func(*entry.Entry, error) bool) bool {
	if err != nil {
		return yield(nil, err)
	}
	which := entry.Key{Identifier: e.Identifier, Email: e.Email, Created: q.Created}
	if seen[which] && q.Created == "" {
		return true
	}
	seen[which] = true
	if q.Identifier != "" && e.Identifier != q.Identifier || q.Email != "" && e.Email != q.Email {
		return yield(nil, fmt.Errorf("%w: asked for %q of %q, got %q", entry.ErrInvalid, q.Identifier, q.Email, e.Path()))
	}
	if !q.Matches(e.Summary(), now) {
		return true
	}
	return yield(e, nil)
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
// takes no filter then.
func route(q entry.Query) string {
	const all = "?status=all"
	var words []string
	for _, word := range []string{q.Identifier, q.Email, q.Created} {
		if word != "" {
			words = append(words, url.PathEscape(word))
		}
	}
	switch {
	case q.Tag != "" && q.Email != "" && q.Identifier == "" && q.Created == "":
		return "tag/" + url.PathEscape(q.Email) + "/" + url.PathEscape(q.Tag)
	case len(words) == 3:
		return entry.Root + "/" + strings.Join(words, "/")
	}
	return strings.Join(append([]string{entry.Root}, words...), "/") + all
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
