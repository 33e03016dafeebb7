package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/endpoint"
	"github.com/stratuslab/stratus/lib/marketplace"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/reliance"
	"github.com/stratuslab/stratus/lib/signature"
	"github.com/stratuslab/stratus/lib/tool"
)

// Finder finds and judges descriptions.
type Finder struct {
	// Open opens the Marketplace; it is called where one is needed.
	Open func() (marketplace.Place, error)
	// Where is the Marketplace, for messages.
	Where string
	// Read reads the document at a URL, but no more than limit bytes of it.
	Read func(ctx context.Context, url string, limit int64) ([]byte, error)
	// Trust decides whether the user relies on a document. It is nil where the
	// user does not care.
	Trust func(by *signature.Endorsed, now time.Time) reliance.Verdict
	// AllowDeprecated and AllowExpired let in what is refused otherwise.
	AllowDeprecated, AllowExpired bool
	// Warn tells what the user should look at.
	Warn func(format string, args ...any)
}

// Find finds the description of a base that has one: the newest that is valid,
// of an endorser who is trusted.
func (f *Finder) Find(ctx context.Context, b Base, now time.Time) (*Found, error) {
	entries, err := f.entries(ctx, b)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, tool.WithHint(&tool.Error{Code: tool.ExitRefused, Err: fmt.Errorf("finding the base %q: the Marketplace %q has no such entry", b.Text, f.Where)},
			"--marketplace-endpoint names another Marketplace; a path is written as ./PATH where it could be something else")
	}
	return f.choose(entries, b, now)
}

// entries are the latest descriptions of every endorser.
func (f *Finder) entries(ctx context.Context, b Base) ([]*entry.Entry, error) {
	switch b.Form {
	case Identifier:
		return f.search(ctx, entry.Query{Identifier: b.Text})
	case Tag:
		email, tag, _ := strings.Cut(b.Text, "/")
		return f.search(ctx, entry.Query{Email: email, Tag: tag})
	}
	e, err := f.read(ctx, b)
	return []*entry.Entry{e}, err
}

// maxEntries bounds the descriptions that are looked at.
const maxEntries = 1000

func (f *Finder) search(ctx context.Context, q entry.Query) ([]*entry.Entry, error) {
	place, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = place.Close() }() // of what was only read
	var entries []*entry.Entry
	for e, err := range place.Find(ctx, q) {
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, entry.ErrInvalid):
			f.Warn("leaving out an entry of the Marketplace: %v", err)
			continue
		case err != nil:
			return nil, endpoint.Fail(fmt.Errorf("searching the Marketplace %q: %w", f.Where, err))
		case !q.Matches(e.Summary(), time.Now()):
			f.Warn("leaving out an entry of the Marketplace that was not asked for: %s", e.Path())
			continue
		case len(entries) == maxEntries:
			return nil, tool.BadInputf("searching the Marketplace %q: more than %d entries", f.Where, maxEntries)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// read reads and verifies one description.
func (f *Finder) read(ctx context.Context, b Base) (*entry.Entry, error) {
	var src []byte
	var err error
	if b.local {
		src, err = readFile(b.Text)
	} else {
		src, err = f.Read(ctx, b.Text, signature.MaxBytes+1)
	}
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, endpoint.Fail(fmt.Errorf("reading the base's description: %w", err))
	case !looksLikeXML(src):
		return nil, tool.WithHint(tool.Usagef("reading %q: it is no signed description", b.Text),
			"an image that is named by its URL needs --base-sha256 with the SHA-256 of the file")
	}
	e, err := entry.Verify(src)
	if err != nil {
		return nil, tool.BadInputf("reading the base's description %q: %w", b.Text, err)
	}
	return e, nil
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > signature.MaxBytes {
		err = fmt.Errorf("%q has %d bytes, at most %d are allowed", path, info.Size(), int64(signature.MaxBytes))
	}
	if err != nil {
		return nil, tool.BadInputf("%w", err)
	}
	return os.ReadFile(path)
}
