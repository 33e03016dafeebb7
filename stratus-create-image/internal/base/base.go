// Package base finds and takes in the base of a build: what a name stands for,
// who endorses it, where it is, and the bytes, checked and ready for an overlay.
// All of it is hostile input until it has been checked. The package must not know
// what is done with the image, and never writes to it.
package base

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base/fetch"
)

// Source is a base that the user names, and the ways to get it.
type Source struct {
	Name   Name
	Finder *Finder        // for a Name that is Described
	Access remote.Options // how to reach the hosts that have the image
	// Description is of a base without a signed description, nil for none. It
	// comes from the file DescriptionPath.
	Description     *metadata.Document
	DescriptionPath string
	NoCache         bool  // keep a download for this build only
	CacheSize       int64 // limit of all downloads that are kept, in bytes
}

// ReadDescription reads the description of a base that need not be signed. Errors
// are of kind report.BadInput.
func ReadDescription(path string) (*metadata.Document, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, report.BadInputf("reading the base's description: %w", err)
	}
	defer f.Close()
	d, err := metadata.Read(f)
	if err != nil {
		return nil, report.BadInputf("reading the base's description %q: %w", path, err)
	}
	return d, nil
}

// Found is a base of which it is known what it must be and where it is.
type Found struct {
	Description *metadata.Document // nil where nobody describes the base
	source      *Source
	signed      *signed        // nil where nobody signed the description
	fetcher     *fetch.Fetcher // nil for a file
	locations   []string
	want        fetch.Want
}

// Find finds the description of a base that has a signed one: the newest that is
// valid, of an endorser who is trusted. Other bases need none. Errors are of the
// kinds report.BadInput for what is found, report.Credentials for an endorser who is
// not trusted, and those of package remote.
func (s *Source) Find(ctx context.Context, log report.Log) (*Found, error) {
	found := &Found{source: s, Description: s.Description, want: fetch.Want{SHA256: s.Name.SHA256}}
	if s.Name.Form == File {
		return found, nil
	}
	var err error
	if found.fetcher, err = fetch.New(s.Access, log); err != nil {
		return nil, err
	}
	if s.Name.Form == URL {
		found.locations = []string{s.Name.Text}
		return found, nil
	}
	// SOURCE_DATE_EPOCH is for what is written, not for what is judged.
	search := &search{Finder: s.Finder, name: s.Name, now: time.Now(), log: log, read: found.fetcher.Document}
	if found.signed, err = search.find(ctx); err != nil {
		return nil, err
	}
	found.Description = found.signed.Endorsed.Document
	found.locations = found.Description.Texts(metadata.Location)
	found.want = fetch.Want{Image: found.signed.image}
	return found, nil
}

// Endorsement returns the identifier of the base, who endorses it and why that
// endorser is trusted, in one line. It is empty without a signed description.
func (f *Found) Endorsement() string {
	if f.signed == nil {
		return ""
	}
	e := f.signed
	return fmt.Sprintf("%s, endorsed by %s on %s, certificate %s: %s",
		e.Identifier, e.Email, e.Created, e.Summary().Fingerprint, e.reason)
}

// check compares an image with all that is known of the base, and asks the image
// policies about it.
func (f *Found) check(image *Image) error {
	if err := f.want.Check(image.Sums, image.File); err != nil {
		return report.BadInputf("checking the base image %q: %w", image.Path, err)
	}
	switch {
	case f.signed != nil:
		return f.source.Finder.checkImage(f.signed, image.Sums)
	case f.Description == nil:
		return nil
	}
	says, err := f.Description.Image()
	if err != nil {
		return report.BadInputf("reading the base's description %q: %w", f.source.DescriptionPath, err)
	}
	if err := says.Check(image.Sums); err != nil {
		return report.BadInputf("checking the base image %q by its description %q: %w", f.source.Name.Text, f.source.DescriptionPath, err)
	}
	return nil
}
