// Package publish registers signed descriptions: at the API of a Marketplace, or in a
// directory, here or on another host, which it keeps in the form of package registry
// together with an Atom feed and a static page that lists, searches and shows entries.
//
// It must not know who is trusted, nor read the user's configuration.
//
// # Writing a directory
//
// One writer at a time holds .stratus/lock, which notes the entry. It writes all new
// files under .stratus/tmp, renames the document into its place, then the listings, and
// at last the head of the log. Wherever a writer is stopped, either nothing is visible
// of its entry, or the entry is in its place and the next writer completes the lists.
// If something derived is missing or damaged, the next writer that needs it makes
// everything derived anew.
package publish

import (
	"context"

	"github.com/stratuslab/stratus/lib/marketplace"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// Publisher registers signed descriptions.
type Publisher interface {
	// Publish registers an entry. That the same document is there already is
	// success. The error wraps an *entry.NotAdmitted if the rules on entry are
	// against it, and has the kind report.Refused and wraps a *marketplace.Answer if a
	// Marketplace is.
	Publish(ctx context.Context, e *entry.Entry) (entry.Receipt, error)
	// URL returns the address of an entry.
	URL(k entry.Key) string
	Close() error
}

// Open opens what marketplace.Open does for writing. A directory that does not exist
// is made by the first publication.
func Open(ctx context.Context, where string, o marketplace.Access) (Publisher, error) {
	c, err := marketplace.Connect(ctx, where, o)
	switch {
	case err != nil:
		return nil, err
	case c.API != nil:
		return c.API, nil
	case c.SFTP != nil:
		return &directory{newWriter(distant{c.SFTP}), c}, nil
	}
	return &directory{newWriter(local{c.Local}), c}, nil
}

// directory is a registry as a Publisher.
type directory struct {
	*Writer
	*marketplace.Connection
}

func (d *directory) Publish(ctx context.Context, e *entry.Entry) (entry.Receipt, error) {
	if e.Endorsed == nil { // nobody else verifies it
		verified, err := entry.Verify(e.Source)
		if err != nil {
			return entry.Receipt{}, err
		}
		e = verified
	}
	key, existed, err := d.Writer.Publish(ctx, e)
	if err != nil {
		return entry.Receipt{}, d.Fail(ctx, err)
	}
	return entry.Receipt{URL: d.URL(key), Existed: existed}, nil
}
