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
// are.
func (r *Registry) Find(ctx context.Context, q entry.Query) iter.Seq2[*entry.Entry, error] {
	return func(yield func(*entry.Entry, error) bool) {
		candidates := r.listed(ctx, q)
		if q.Identifier != "" {
			candidates = r.ofImage(ctx, q)
		}
		now := r.now()
		for k, err := range candidates {
			if err != nil {
				yield(nil, err)
				return
			}
			e, err := r.verified(ctx, k)
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

// ofImage yields the keys that a query for one image is about, by the names in
// directories.
func (r *Registry) ofImage(ctx context.Context, q entry.Query) iter.Seq2[entry.Key, error] {
	return func(yield func(entry.Key, error) bool) {
		keys, err := r.keysOf(ctx, q)
		if err != nil {
			yield(entry.Key{}, err)
			return
		}
		for _, k := range keys {
			if !yield(k, nil) {
				return
			}
		}
	}
}

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
		switch {
		case q.Created == "" && len(times) > 0:
			keys = append(keys, entry.Key{Identifier: q.Identifier, Email: email, Created: times[len(times)-1]})
		case slices.Contains(times, q.Created):
			keys = append(keys, entry.Key{Identifier: q.Identifier, Email: email, Created: q.Created})
		}
	}
	slices.SortFunc(keys, newestFirst)
	return keys, nil
}

// times are those of the entries of an image and an endorser, oldest first.
// Whatever has the name of an entry counts, be it good or not: a broken
// newest entry must not bring an older one back.
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

// listed yields the keys that a log has for a query: of each image and
// endorser the newest only, unless the time is given.
func (r *Registry) listed(ctx context.Context, q entry.Query) iter.Seq2[entry.Key, error] {
	return func(yield func(entry.Key, error) bool) {
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
		seen := map[[2]string]bool{}
		for s, err := range r.rows(ctx, dir) {
			if err != nil {
				yield(entry.Key{}, err)
				return
			}
			image := [2]string{s.Identifier, s.Email}
			if q.Created == "" && seen[image] {
				continue
			}
			seen[image] = true
			if q.Matches(s, now) && !yield(s.Key, nil) {
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
