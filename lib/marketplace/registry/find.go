package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// Find yields what the query asks for, verified, the newest arrival first; the
// entries of one image, by the time of endorsement. An error that wraps
// entry.ErrInvalid is about one entry, which is left out; any other ends it.
// Where the image is given, the cost does not depend on how many others there
// are, and an entry that is left out hides the older ones of its address.
func (r *Registry) Find(ctx context.Context, q entry.Query) iter.Seq2[*entry.Entry, error] {
	return func(yield func(*entry.Entry, error) bool) {
		candidates := r.listed(ctx, q)
		if q.Identifier != "" {
			candidates = r.ofImage(ctx, q)
		}
		now := r.now()
		for e, err := range candidates {
			switch {
			case err != nil:
				if !yield(nil, err) || !errors.Is(err, entry.ErrInvalid) {
					return
				}
			case q.Matches(e.Summary(), now):
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// verified reads an entry. The error wraps entry.ErrInvalid unless it is about
// the directory as a whole.
func (r *Registry) verified(ctx context.Context, k entry.Key) (*entry.Entry, error) {
	src, err := r.Read(ctx, k)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, errUnfit) {
		return nil, fmt.Errorf("%w: %w", entry.ErrInvalid, err)
	}
	if err != nil {
		return nil, err
	}
	e, err := entry.VerifyAs(k, src)
	if err != nil {
		return nil, fmt.Errorf("entry %q: %w", k.Path(), err)
	}
	return e, nil
}

// ofImage yields the entries that a query for one image is about, by the names
// in directories: of each series the newest only, unless the time is given.
func (r *Registry) ofImage(ctx context.Context, q entry.Query) iter.Seq2[*entry.Entry, error] {
	return func(yield func(*entry.Entry, error) bool) {
		keys, err := r.keysOf(ctx, q)
		if err != nil {
			yield(nil, err)
			return
		}
		seen := map[entry.Series]bool{}
		broken := map[string]bool{} // addresses
		for _, k := range keys {
			if broken[k.Email] {
				continue
			}
			e, err := r.verified(ctx, k)
			if err != nil {
				broken[k.Email] = true
			} else if seen[e.Series()] {
				continue
			} else {
				seen[e.Series()] = true
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// keysOf gives the keys of an image that a query is about, the newest first.
func (r *Registry) keysOf(ctx context.Context, q entry.Query) ([]entry.Key, error) {
	if !entry.IsIdentifier(q.Identifier) {
		return nil, nil
	}
	emails := []string{q.Email}
	if q.Email == "" {
		var err error
		if emails, err = r.names(entry.Root+"/"+q.Identifier, fs.FileMode.IsDir, entry.IsEmail); err != nil {
			return nil, err
		}
	}
	var keys []entry.Key
	for _, email := range emails {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !entry.IsEmail(email) {
			continue
		}
		times, err := r.times(q.Identifier, email)
		if err != nil {
			return nil, err
		}
		for _, t := range times {
			if q.Created == "" || q.Created == t {
				keys = append(keys, entry.Key{Identifier: q.Identifier, Email: email, Created: t})
			}
		}
	}
	slices.SortFunc(keys, newestFirst)
	return keys, nil
}

// latestOf gives the time of the newest entry of a series, empty if there is
// none. An entry that is not good may be of any series, and counts.
func (r *Registry) latestOf(ctx context.Context, of entry.Series) (string, error) {
	keys, err := r.keysOf(ctx, entry.Query{Identifier: of.Identifier, Email: of.Email})
	if err != nil {
		return "", err
	}
	for _, k := range keys {
		e, err := r.verified(ctx, k)
		switch {
		case errors.Is(err, entry.ErrInvalid):
			return k.Created, nil
		case err != nil:
			return "", err
		case e.Series() == of:
			return k.Created, nil
		}
	}
	return "", nil
}

// times are those of the entries of an image and an address, oldest first.
// Whatever has the name of an entry counts, be it good or not: a broken entry,
// of which nobody knows the series, must not bring older ones back.
func (r *Registry) times(identifier, email string) ([]string, error) {
	whatever := func(fs.FileMode) bool { return true }
	return r.names(entry.Root+"/"+identifier+"/"+email, whatever, entry.IsTime)
}

// names are those in a directory that are well-formed, sorted. What does not
// exist is empty.
func (r *Registry) names(dir string, kind func(fs.FileMode) bool, wellFormed func(string) bool) ([]string, error) {
	entries, err := r.files.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing a directory: %w", err)
	}
	var names []string
	for _, e := range entries {
		if kind(e.Type()) && wellFormed(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// listed yields the entries that a log has for a query: of each series the
// newest only, unless the time is given.
func (r *Registry) listed(ctx context.Context, q entry.Query) iter.Seq2[*entry.Entry, error] {
	return func(yield func(*entry.Entry, error) bool) {
		dir := entry.Root
		switch {
		case q.Email != "" && !entry.IsEmail(q.Email):
			return
		case q.Email != "" && tagDir(q.Email, q.Tag) != "":
			dir = tagDir(q.Email, q.Tag)
		case q.Email != "":
			dir = entry.Root + "/" + q.Email
		}
		now := r.now()
		seen := map[entry.Series]bool{}
		for s, err := range r.rows(ctx, dir) {
			if err != nil {
				yield(nil, err)
				return
			}
			if q.Created == "" && seen[s.Series()] {
				continue
			}
			seen[s.Series()] = true
			if q.Matches(s, now) && !yield(r.verified(ctx, s.Key)) {
				return
			}
		}
	}
}

// Summaries yields all entries, the newest arrival first, superseded ones
// included, as they were summed up when they were published. They are not
// verified; an error ends it.
func (r *Registry) Summaries(ctx context.Context) iter.Seq2[entry.Summary, error] {
	return r.rows(ctx, entry.Root)
}

// newestFirst orders keys by the time of endorsement.
func newestFirst(a, b entry.Key) int {
	return cmp.Or(cmp.Compare(b.Created, a.Created), cmp.Compare(a.Identifier, b.Identifier), cmp.Compare(a.Email, b.Email))
}
