package source

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/marketplace"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/signature"
	"github.com/stratuslab/stratus/lib/trust"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base/fetch"
)

// Finder finds and judges descriptions.
type Finder struct {
	// Open opens the Marketplace; it is called where one is needed.
	Open func() (marketplace.Place, error)
	// Where is the Marketplace, for messages.
	Where string
	// Read reads the document at a URL, but no more than limit bytes of it.
	Read func(ctx context.Context, url string, limit int64) ([]byte, error)
	// Trust decides whether the user relies on a document.
	Trust func(by *signature.Endorsed, now time.Time) trust.Verdict
	// RefuseImage says why the image itself is not allowed, or nothing.
	RefuseImage func(by *signature.Endorsed, image diskimage.Image) string
	// Insecure says that Trust does not look at certificates.
	Insecure bool
	// AllowDeprecated and AllowExpired let in what is refused otherwise.
	AllowDeprecated, AllowExpired bool
	// Warn tells what the user should look at.
	Warn func(format string, args ...any)
}

// Find finds the description of a base that has one: the newest that is valid,
// of an endorser who is trusted.
func (f *Finder) Find(ctx context.Context, b Base, now time.Time) (*Found, error) {
	var j judged
	var err error
	switch b.Form {
	case Identifier:
		err = f.search(ctx, &j, b, entry.Query{Identifier: b.Text}, now)
	case Tag:
		// Not by the tag: an entry that is not trusted must not stand for it, and
		// a newer one without the tag takes it away.
		email, _, _ := strings.Cut(b.Text, "/")
		err = f.search(ctx, &j, b, entry.Query{Email: email}, now)
	default:
		var e *entry.Entry
		if e, err = f.read(ctx, b); err == nil {
			f.judge(&j, e, b, now)
		}
	}
	if err != nil {
		return nil, err
	}
	if len(j.trusted)+len(j.untrusted) == 0 {
		return nil, f.missing(b)
	}
	return f.choose(&j, b)
}

func (f *Finder) missing(b Base) error {
	return fault.WithHint(&fault.Error{Kind: fault.Refused, Err: fmt.Errorf("finding the base %q: the Marketplace %q has no such entry", b.Text, f.Where)},
		"--marketplace-endpoint names another Marketplace; a path is written as ./PATH where it could be something else")
}

const (
	// maxInvalid bounds the entries that are told of one by one.
	maxInvalid = 20
	// maxUnchecked bounds what is kept where anybody counts as trusted.
	maxUnchecked = 10_000
)

// search judges what the Marketplace has, one by one.
func (f *Finder) search(ctx context.Context, j *judged, b Base, q entry.Query, now time.Time) error {
	place, err := f.Open()
	if err != nil {
		return err
	}
	defer func() { _ = place.Close() }() // of what was only read
	invalid := 0
	for e, err := range place.Find(ctx, q) {
		if err == nil && !q.Matches(e.Summary(), now) {
			err = fmt.Errorf("%w: not what was asked for: %s", entry.ErrInvalid, e.Path())
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, entry.ErrInvalid):
			if invalid++; invalid <= maxInvalid {
				f.Warn("leaving out an entry of the Marketplace: %v", err)
			}
		case err != nil:
			return fmt.Errorf("searching the Marketplace %q: %w", f.Where, err)
		case f.Insecure && len(j.trusted) == maxUnchecked:
			return fault.BadInputf("searching the Marketplace %q: more than %d entries, none of which --insecure-no-trust tells from the others", f.Where, maxUnchecked)
		default:
			f.judge(j, e, b, now)
		}
	}
	if more := invalid - maxInvalid; more > 0 {
		f.Warn("leaving out %d more entries of the Marketplace", more)
	}
	return nil
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
		return nil, failRead(fmt.Errorf("reading the base's description: %w", err))
	case !looksLikeXML(src):
		return nil, fault.WithHint(fault.Usagef("reading %q: it is no signed description", b.Text),
			"an image that is named by its URL needs --base-sha256 with the SHA-256 of the file; %s", Forms)
	}
	e, err := b.verify(src)
	if what := otherXML(src); err != nil && what != "" {
		return nil, fault.WithHint(fault.BadInputf("reading %q: it is %s, no signed description", b.Text, what), "%s", Forms)
	}
	if err != nil {
		return nil, fault.BadInputf("reading the base's description %q: %w", b.Text, err)
	}
	return e, nil
}

// failRead gives errors of reading a description their exit codes.
func failRead(err error) error {
	var file *fetch.FileError
	if errors.As(err, &file) {
		return fault.BadInputf("%w", err)
	}
	return err
}

// verify verifies a description. Where its name is the key of an entry, it must
// be that entry: a Marketplace may not give out another one for it.
func (b Base) verify(src []byte) (*entry.Entry, error) {
	if key, ok := b.key(); ok {
		return entry.VerifyAs(key, src)
	}
	return entry.Verify(src)
}

// key is the key of an entry that the path or URL ends in.
func (b Base) key() (entry.Key, bool) {
	path := b.Text
	if b.local {
		if absolute, err := filepath.Abs(path); err == nil {
			path = absolute
		}
	} else if u, err := url.Parse(path); err == nil {
		path = u.Path
	}
	for _, ending := range []string{"", ".xml", ".html"} {
		if short, found := strings.CutSuffix(path, ending); found {
			if key, err := entry.ParsePath(strings.TrimSuffix(short, "/")); err == nil {
				return key, true
			}
		}
	}
	return entry.Key{}, false
}

// otherXML says what else a text is, empty if it may be a description.
func otherXML(src []byte) string {
	head := strings.ToLower(string(src[:min(len(src), 4096)]))
	for _, is := range []struct{ start, what string }{
		{"<!doctype html", "a web page"}, {"<html", "a web page"}, {"<metadata", "a list of descriptions"},
	} {
		for _, end := range []string{">", " ", "/", "\n", "\r", "\t"} {
			if strings.Contains(head, is.start+end) {
				return is.what
			}
		}
	}
	return ""
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > signature.MaxBytes {
		err = fmt.Errorf("%q has %d bytes, at most %d are allowed", path, info.Size(), int64(signature.MaxBytes))
	}
	if err != nil {
		return nil, fault.BadInputf("%w", err)
	}
	return os.ReadFile(path)
}
