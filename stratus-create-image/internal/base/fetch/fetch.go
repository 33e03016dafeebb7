// Package fetch downloads an image from the first of several locations that has the
// right one, and keeps it in a cache. A download is hostile until its size and all
// its digests are as wanted: until then it is only counted, decompressed and
// digested, and no more than the wanted size is kept. The package must not know who
// says what is wanted, nor what is done with the image.
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
	"github.com/stratuslab/stratus/lib/report"
)

// ErrNoLocation is wrapped by errors about what is not a location of a supported
// scheme. Its kind is report.BadInput.
var ErrNoLocation = report.BadInputf("no location to download from")

// Schemes are the supported schemes of locations, for messages.
const Schemes = "http, https, sftp or file"

// Fetcher downloads images.
type Fetcher struct {
	http    *remote.HTTP
	options remote.Options
	log     report.Log
	wait    time.Duration // before a download is continued; doubled each time
}

// New returns a fetcher that reaches other hosts as the options say. log gets
// messages and the progress of each download.
func New(o remote.Options, log report.Log) (*Fetcher, error) {
	o.Log = log.Infof
	client, err := remote.NewHTTP(o)
	if err != nil {
		return nil, err
	}
	wait := o.Retries.MinWait
	if wait == 0 {
		wait = time.Second
	}
	return &Fetcher{http: client, options: o, log: log, wait: wait}, nil
}

// Image is an image that is as wanted.
type Image struct {
	Path     string          // Item.Part or Item.Unpacked: not compressed
	Sums     diskimage.Image // of the image
	Location string          // where it came from, without a password
}

// Fetch downloads the wanted image, whose item must be locked, from the first
// location that has it. A download that broke off, in an earlier process as well,
// continues where it ended. The error names every location with its reason. Its kind
// is report.BadInput where one had another image, which it wraps as
// diskimage.ErrMismatch, else the gravest of the reasons.
func (f *Fetcher) Fetch(ctx context.Context, locations []string, want Want, item *Item) (Image, error) {
	if len(locations) == 0 {
		return Image{}, ErrNoLocation
	}
	var failures []error
	for n, location := range locations {
		image, err := f.fetch(ctx, location, want, item)
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
			f.log.Infof("%v; trying the next location", err)
		}
		failures = append(failures, err)
	}
	return Image{}, join(failures)
}

// join joins the reasons of all locations to one error.
func join(failures []error) error {
	err := errors.Join(failures...)
	if len(failures) > 1 {
		err = fmt.Errorf("none of %d locations has the image:\n%w", len(failures), err)
	}
	if errors.Is(err, diskimage.ErrMismatch) {
		return report.Mark(report.BadInput, err)
	}
	for _, kind := range []error{remote.ErrCredentials, remote.ErrUnreachable, remote.ErrRefused} {
		if errors.Is(err, kind) {
			return &report.Error{Kind: report.KindOf(kind), Hint: strings.Join(report.Hints(kind), "; "), Err: err}
		}
	}
	return err
}

func (f *Fetcher) fetch(ctx context.Context, location string, want Want, item *Item) (Image, error) {
	u, open, err := f.opener(location, "*/*")
	if err != nil {
		return Image{}, err
	}
	d := &download{fetcher: f, location: u.Redacted(), open: open, want: want, item: item}
	image, err := d.run(ctx)
	if d.kept > 0 && errors.Is(err, diskimage.ErrMismatch) {
		// The part that was kept may be of another file.
		f.log.Infof("%v; downloading it again from the start", err)
		image, err = d.run(ctx)
	}
	return image, err
}

// Document reads at most limit bytes of the document at a location. Errors are
// those of package remote, of kind report.BadInput for a file, or ErrNoLocation.
func (f *Fetcher) Document(ctx context.Context, location string, limit int64) ([]byte, error) {
	u, open, err := f.opener(location, "application/rdf+xml, application/xml;q=0.9, */*;q=0.1")
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, 0, "")
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(s, limit))
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", u.Redacted(), err)
	}
	return text, nil
}

// opener returns the parsed URL of a location, and how to open it.
func (f *Fetcher) opener(location, accept string) (*url.URL, opener, error) {
	u, err := url.Parse(location)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: not a valid URL", ErrNoLocation) // the error of Parse quotes a password
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		return u, f.openHTTP(u, accept), nil
	case "sftp":
		return u, f.openSFTP(u), nil
	case "file":
		return u, openFile(u), nil
	}
	return nil, nil, fmt.Errorf("%w: the scheme of %q is not supported; want %s", ErrNoLocation, u.Redacted(), Schemes)
}

// localError is a failure of this host, at which another location is no help.
type localError struct{ error }

func (e *localError) Unwrap() error { return e.error }

// keeping marks an error as one of this host; nil stays nil.
func keeping(err error) error {
	if err == nil {
		return nil
	}
	return &localError{fmt.Errorf("keeping what is downloaded: %w", err)}
}
