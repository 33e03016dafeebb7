// Package fetch downloads an image from the first of several locations that
// gives the right one. What it downloads is hostile until its size and all its
// checksums are those that are wanted: until then it is only counted,
// decompressed and digested, and never more than that is kept. It must not know
// who says what is wanted, nor where images are kept in the end.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/stratus-create-image/internal/claim"
)

// ErrNoLocation says that nothing names a location of a kind that can be
// downloaded from.
var ErrNoLocation = errors.New("no location to download from")

// Schemes are those of the locations that can be downloaded from.
const Schemes = "http, https, sftp and file"

// Fetcher downloads images.
type Fetcher struct {
	http    *remote.HTTP
	options remote.Options
	meter   func(total int64) io.WriteCloser
	wait    time.Duration // before a download is continued; doubled each time
}

// New makes a fetcher that reaches other hosts as the options say, and tells
// their Log what a user wants to know. meter makes a meter for each download;
// total is 0 where nobody knows.
func New(o remote.Options, meter func(total int64) io.WriteCloser) (*Fetcher, error) {
	client, err := remote.NewHTTP(o)
	if err != nil {
		return nil, err
	}
	wait := o.Retries.MinWait
	if wait == 0 {
		wait = time.Second
	}
	return &Fetcher{http: client, options: o, meter: meter, wait: wait}, nil
}

// Files are the paths of what a download writes. Nobody else may use them at
// that time.
type Files struct {
	Part     string // the bytes as they come; kept where the download breaks off
	Unpacked string // the uncompressed image
	Record   string // says what Part is
}

// Image is an image that is all that was wanted.
type Image struct {
	Path     string          // Files.Part or Files.Unpacked: not compressed
	Sums     diskimage.Image // of the image
	Location string          // where it came from, without a password
}

// Fetch downloads the wanted image from the first location that gives it. A
// download that broke off, also that of an earlier process, goes on where it
// ended. The error names every location with its reason. It wraps
// diskimage.ErrMismatch where one gave another image; kinds of lib/remote where one
// was refused or not reached; a *FileError where a file on this host cannot be
// read; ErrNoLocation if nothing was tried.
func (f *Fetcher) Fetch(ctx context.Context, locations []string, want claim.Claim, files Files) (Image, error) {
	if len(locations) == 0 {
		return Image{}, ErrNoLocation
	}
	var failures []error
	for n, location := range locations {
		image, err := f.fetch(ctx, location, want, files)
		var local *localError
		switch {
		case err == nil:
			return image, nil
		case ctx.Err() != nil:
			return Image{}, context.Cause(ctx)
		case errors.As(err, &local):
			return Image{}, err
		}
		if n < len(locations)-1 {
			f.options.Log("%v; trying the next location", err)
		}
		failures = append(failures, err)
	}
	if len(failures) == 1 {
		return Image{}, failures[0]
	}
	return Image{}, fmt.Errorf("none of %d locations gives the image:\n%w", len(failures), errors.Join(failures...))
}

func (f *Fetcher) fetch(ctx context.Context, location string, want claim.Claim, files Files) (Image, error) {
	u, open, err := f.opener(location, "*/*")
	if err != nil {
		return Image{}, err
	}
	d := &download{fetcher: f, location: u.Redacted(), open: open, want: want, files: files}
	image, err := d.run(ctx)
	if d.kept > 0 && errors.Is(err, diskimage.ErrMismatch) {
		// What was downloaded before may have been of another file.
		f.options.Log("%v; downloading all of it again", err)
		image, err = d.run(ctx)
	}
	return image, err
}

// Document reads the document at a location, but no more than limit bytes of
// it. Errors wrap kinds of lib/remote, a *FileError, or ErrNoLocation.
func (f *Fetcher) Document(ctx context.Context, location string, limit int64) ([]byte, error) {
	u, open, err := f.opener(location, "application/rdf+xml, application/xml;q=0.9, */*;q=0.1")
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, 0, "")
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Close() }() // of what was only read
	text, err := io.ReadAll(io.LimitReader(s, limit))
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", u.Redacted(), err)
	}
	return text, nil
}

// opener says how to open a location.
func (f *Fetcher) opener(location, accept string) (*url.URL, opener, error) {
	u, err := url.Parse(location)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: a location is no URL", ErrNoLocation) // the error would quote a password
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		return u, f.openHTTP(u, accept), nil
	case "sftp":
		return u, f.openSFTP(u), nil
	case "file":
		return u, openFile(u), nil
	}
	return nil, nil, fmt.Errorf("%w: skipping %q; known are %s", ErrNoLocation, u.Redacted(), Schemes)
}

// localError is one of this host, which no other location would mend.
type localError struct{ error }

func (e *localError) Unwrap() error { return e.error }

// mine marks an error as one of this host; nil stays nil.
func mine(err error) error {
	if err == nil {
		return nil
	}
	return &localError{fmt.Errorf("keeping what is downloaded: %w", err)}
}
