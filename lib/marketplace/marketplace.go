// Package marketplace publishes signed descriptions of images and finds them,
// wherever they are kept: behind the API of a Marketplace, in a directory, or
// in a directory on another host. What is found has been verified.
//
// It must not know whom the user trusts, nor read the user's configuration, nor
// fetch images.
package marketplace

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/internal/api"
	"github.com/stratuslab/stratus/lib/marketplace/registry"
	"github.com/stratuslab/stratus/lib/remote"
)

// Place is where signed descriptions are published and found.
type Place interface {
	// Publish registers an entry. Where it is there already, every byte of it,
	// that is success. Errors wrap an *entry.NotAdmitted where the rules on
	// entry are against it, remote.ErrRefused and an *Answer where a
	// Marketplace is.
	Publish(ctx context.Context, e *entry.Entry) (entry.Receipt, error)
	// Find yields what the query asks for, the last to arrive first. An error that wraps entry.ErrInvalid is about one entry, which is
	// left out; any other ends the search.
	Find(ctx context.Context, q entry.Query) iter.Seq2[*entry.Entry, error]
	// URL is the address of an entry.
	URL(k entry.Key) string
	Close() error
}

// Answer is what a Marketplace says when it refuses something.
type Answer = api.Answer

// ErrEndpoint is wrapped by the error about an endpoint that names no place. Its
// kind is fault.Usage.
var ErrEndpoint = fault.Usagef("not a valid endpoint")

// ErrNothing is wrapped by the error of a search in a directory in which nothing
// was ever published: perhaps it is not the one that is meant. Its kind is
// fault.Refused.
var ErrNothing = fault.WithHint(fault.Refusedf("nothing has ever been published"), "give the endpoint of the Marketplace that you mean")

// Open opens the place that an endpoint names: an http or https URL is that of
// a Marketplace, sftp://USER@HOST/PATH and file:///PATH are registries, and so
// is what has no scheme, the path of a directory. A registry that does not
// exist is made by the first publication.
func Open(ctx context.Context, endpoint string, o remote.Options) (Place, error) {
	scheme, _, found := strings.Cut(endpoint, "://")
	if !found {
		return openDirectory(endpoint)
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("%w: the URL cannot be read", ErrEndpoint) // the error would quote a password
	}
	switch strings.ToLower(scheme) {
	case "http", "https":
		client, err := remote.NewHTTP(o)
		if err != nil {
			return nil, err
		}
		place, err := api.New(u, client)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrEndpoint, err)
		}
		return place, nil
	case "sftp":
		return openSFTP(ctx, endpoint, o)
	case "file":
		path, err := remote.FilePath(u)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrEndpoint, err)
		}
		return openDirectory(path)
	}
	return nil, fmt.Errorf("%w %q: the scheme %q; http, https, sftp and file are known", ErrEndpoint, u.Redacted(), scheme)
}

// directory is a registry as a Place.
type directory struct {
	*registry.Registry
	files registry.Files
	close func() error
	// class gives errors of another host their kind.
	class func(error) error
}

func (d *directory) Publish(ctx context.Context, e *entry.Entry) (entry.Receipt, error) {
	if e.Endorsed == nil { // here is nobody else who would verify it
		verified, err := entry.Verify(e.Source)
		if err != nil {
			return entry.Receipt{}, err
		}
		e = verified
	}
	existed, err := d.Registry.Publish(ctx, e)
	if err != nil {
		return entry.Receipt{}, d.class(err)
	}
	return entry.Receipt{URL: d.URL(e.Key), Existed: existed}, nil
}

func (d *directory) Find(ctx context.Context, q entry.Query) iter.Seq2[*entry.Entry, error] {
	return func(yield func(*entry.Entry, error) bool) {
		if _, err := d.files.Lstat(entry.Root); errors.Is(err, fs.ErrNotExist) {
			yield(nil, fmt.Errorf("%w: %w", ErrNothing, err))
			return
		}
		for e, err := range d.Registry.Find(ctx, q) {
			if !yield(e, d.class(err)) {
				return
			}
		}
	}
}

func (d *directory) Close() error { return d.close() }

func openDirectory(path string) (Place, error) {
	_, err := os.Stat(path)
	switch {
	case path == "":
		return nil, fmt.Errorf("%w %q", ErrEndpoint, path)
	case err != nil && !strings.Contains(path, "/") && strings.Contains(path, "."):
		// The original took bare host names and broke on them.
		return nil, fmt.Errorf("%w %q: write https://%s for a host, ./%s for a new directory", ErrEndpoint, path, path, path)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("%w %q: %w", ErrEndpoint, path, err)
	}
	files, err := registry.Local(absolute)
	if err != nil {
		return nil, err
	}
	base := &url.URL{Scheme: "file", Path: absolute}
	return &directory{
		Registry: registry.New(files, base.String()),
		files:    files,
		close:    func() error { return nil },
		class:    func(err error) error { return err },
	}, nil
}

func openSFTP(ctx context.Context, endpoint string, o remote.Options) (Place, error) {
	user, host, port, path, err := remote.ParseSFTP(endpoint)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEndpoint, err)
	}
	base, err := url.Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEndpoint, err)
	}
	session, err := remote.DialSFTP(ctx, user, host, port, o)
	if err != nil {
		return nil, err
	}
	files := registry.SFTP(session.Client, path)
	return &directory{
		Registry: registry.New(files, base.String()),
		files:    files,
		close:    session.Close,
		class: func(err error) error {
			if ctx.Err() != nil {
				return context.Cause(ctx) // which has ended the session
			}
			return remote.SFTPError(err)
		},
	}, nil
}
