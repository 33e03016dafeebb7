// Package marketplace finds signed descriptions of images wherever they are kept:
// behind the API of a Marketplace, in a directory, or in a directory on another host.
// What it finds is verified. Package publish writes.
//
// It must not know who is trusted, nor read the user's configuration, nor fetch images.
package marketplace

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/internal/api"
	"github.com/stratuslab/stratus/lib/marketplace/registry"
	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/report"
)

// Finder finds signed descriptions.
type Finder interface {
	// Find yields the verified entries that the query is for, the last to arrive
	// first. An error that wraps entry.ErrInvalid is about one damaged entry, which
	// is left out; any other ends the search.
	Find(ctx context.Context, q entry.Query) iter.Seq2[*entry.Entry, error]
	// URL returns the address of an entry.
	URL(k entry.Key) string
	Close() error
}

// Answer is the error about an answer of a Marketplace that refuses something.
type Answer = api.Answer

// ErrNothing is wrapped by the error of a search in a directory in which nothing was
// ever published: perhaps it is not the one that is meant. Its kind is report.Refused.
var ErrNothing = report.WithHint(report.Refusedf("nothing has ever been published"), "give the endpoint of the Marketplace that you mean")

// Access is how other hosts are reached.
type Access = remote.Options

// Open opens a Marketplace for reading: the one at an http or https URL, or a
// directory that sftp://USER@HOST/PATH, file:///PATH or a path names.
func Open(ctx context.Context, where string, o Access) (Finder, error) {
	c, err := Connect(ctx, where, o)
	switch {
	case err != nil:
		return nil, err
	case c.API != nil:
		return c.API, nil
	case c.SFTP != nil:
		return &directory{c, c.SFTP}, nil
	}
	return &directory{c, c.Local}, nil
}

// directory is a registry as a Finder.
type directory struct {
	*Connection
	files registry.Files
}

func (d *directory) Find(ctx context.Context, q entry.Query) iter.Seq2[*entry.Entry, error] {
	return func(yield func(*entry.Entry, error) bool) {
		if _, err := d.files.Lstat(entry.Root); errors.Is(err, fs.ErrNotExist) {
			yield(nil, fmt.Errorf("%w: %w", ErrNothing, err))
			return
		}
		for e, err := range registry.New(d.files).Find(ctx, q) {
			if !yield(e, d.Fail(ctx, err)) {
				return
			}
		}
	}
}
