// Package registry reads a Marketplace that is kept in a directory, on this host or
// on another one. Package publish writes it; any web server can serve it.
//
// It must not know HTTP, how a host is reached, or who is trusted.
//
// # The directory
//
//	metadata/ID/EMAIL/CREATED          the signed document, exactly as signed
//	metadata/ID/EMAIL/CREATED.VARIANT  one of the same second by another certificate
//
// The documents are the truth; everything else is derived from them, and made anew
// if it is lost:
//
//	metadata/ID/index.xml     all entries of an image, the newest arrival first
//	tag/EMAIL/TAG/index.xml   the entries that have, or take away, a tag
//	log/head.json             the end of the log
//	log/GENERATION/K.json     the pages of the log, in order of arrival
//	feed.atom index.html marketplace.css marketplace.js
//
// A file of a listing is bounded. Older documents are in index.N.xml, which never
// changes; the attribute next leads there. The listing of a tag has also
// the entries that replace one with the tag in its series (see entry.Series), so
// that a search needs nothing else.
//
// A page of the log never changes once it is full. Rows beyond the count in
// log/head.json belong to a publication that has not ended. A log that is made anew
// has another generation.
package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// Registry reads a directory of entries. It may be used by several goroutines.
type Registry struct {
	files       Files
	searchBytes int64
	searchTime  time.Duration
}

// New returns the registry in a directory.
func New(f Files) *Registry {
	return &Registry{files: f, searchBytes: maxSearchBytes, searchTime: maxSearchTime}
}

// Read returns the document of an entry, unverified. The error wraps
// fs.ErrNotExist if there is none.
func (r *Registry) Read(ctx context.Context, k entry.Key) ([]byte, error) {
	return read(ctx, r.files, k)
}

func read(ctx context.Context, f FileReader, k entry.Key) ([]byte, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	src, err := f.ReadFile(k.Path(), entry.MaxBytes)
	if err != nil {
		return nil, fmt.Errorf("reading an entry: %w", err)
	}
	return src, nil
}

// Verified reads and verifies an entry. The error wraps entry.ErrInvalid unless it
// is about the directory as a whole.
func (r *Registry) Verified(ctx context.Context, k entry.Key) (*entry.Entry, error) {
	return verified(ctx, r.files, k)
}

func verified(ctx context.Context, f FileReader, k entry.Key) (*entry.Entry, error) {
	src, err := read(ctx, f, k)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, ErrUnfit) {
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

// Images returns the identifiers of all images, sorted.
func (r *Registry) Images() ([]string, error) {
	return r.names(entry.Root, func(d fs.DirEntry) bool { return d.IsDir() && entry.IsIdentifier(d.Name()) })
}

// Keys returns the keys under which an image has entries, the newest first; with an
// address, those of that address only. Whether an entry is sound is not looked at.
func (r *Registry) Keys(ctx context.Context, identifier, email string) ([]entry.Key, error) {
	emails := []string{email}
	if email == "" {
		var err error
		isEndorser := func(d fs.DirEntry) bool { return d.IsDir() && entry.IsEmail(d.Name()) }
		if emails, err = r.names(entry.Root+"/"+identifier, isEndorser); err != nil {
			return nil, err
		}
	}
	var keys []entry.Key
	for _, email := range emails {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		names, err := r.names(entry.Root+"/"+identifier+"/"+email, func(fs.DirEntry) bool { return true })
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if k, err := entry.ParseKey(identifier, email, name); err == nil {
				keys = append(keys, k)
			}
		}
	}
	slices.SortFunc(keys, func(a, b entry.Key) int { return b.Compare(a) })
	return keys, nil
}

// names returns the valid names in a directory, sorted. A directory that does not exist
// is empty.
func (r *Registry) names(dir string, valid func(fs.DirEntry) bool) ([]string, error) {
	entries, err := r.files.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing a directory: %w", err)
	}
	var names []string
	for _, e := range entries {
		if valid(e) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// ofImage yields the entries of an image, the newest first, by the names of its
// documents alone.
func (r *Registry) ofImage(ctx context.Context, identifier, email string) iter.Seq2[entry.Candidate, error] {
	return func(yield func(entry.Candidate, error) bool) {
		if !entry.IsIdentifier(identifier) || email != "" && !entry.IsEmail(email) {
			return
		}
		keys, err := r.Keys(ctx, identifier, email)
		if err != nil {
			yield(entry.Candidate{}, err)
			return
		}
		for _, k := range keys {
			e, err := r.Verified(ctx, k)
			if err == nil && !yield(entry.Found(e), nil) || err != nil && !yield(entry.Candidate{}, err) {
				return
			}
		}
	}
}

// all yields the entries of every image, by the names of their documents alone.
func (r *Registry) all(ctx context.Context) iter.Seq2[entry.Candidate, error] {
	return func(yield func(entry.Candidate, error) bool) {
		images, err := r.Images()
		if err != nil {
			yield(entry.Candidate{}, err)
			return
		}
		for _, identifier := range images {
			for c, err := range r.ofImage(ctx, identifier, "") {
				if !yield(c, err) || err != nil && !errors.Is(err, entry.ErrInvalid) {
					return
				}
			}
		}
	}
}
