package base

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/lib/trust"
)

// Marketplace has signed descriptions. Find yields what a query asks for; an error
// that wraps entry.ErrInvalid is about one entry, any other ends the search.
type Marketplace interface {
	Find(ctx context.Context, q entry.Query) iter.Seq2[*entry.Entry, error]
	Close() error
}

// Finder finds and judges signed descriptions.
type Finder struct {
	// Open opens the Marketplace; it is called only where one is needed.
	Open func() (Marketplace, error)
	// Where is the Marketplace, for messages.
	Where string
	// Trust decides whether the user relies on a document.
	Trust trust.Decision
	// RefuseImage returns why an image policy refuses the image, or nothing.
	RefuseImage trust.Refusal
	// Insecure says that Trust does not look at certificates.
	Insecure bool
	// AllowDeprecated and AllowExpired accept what is refused otherwise.
	AllowDeprecated, AllowExpired bool
}

// search is one search for the description of a base.
type search struct {
	*Finder
	name Name
	now  time.Time
	log  report.Log
	read func(ctx context.Context, url string, limit int64) ([]byte, error) // reads a URL

	trusted   []*candidate
	untrusted []*candidate // the first few
	more      int          // untrusted ones beyond those
}

func (s *search) find(ctx context.Context) (*signed, error) {
	var err error
	switch s.name.Form {
	case Identifier:
		err = s.query(ctx, entry.Query{Identifier: s.name.Text}, "")
	case Tag:
		email, tag, _ := strings.Cut(s.name.Text, "/")
		err = s.query(ctx, entry.Query{Email: email}, tag)
	default:
		var e *entry.Entry
		if e, err = s.readDescription(ctx); err == nil {
			s.judge(e)
		}
	}
	if err != nil {
		return nil, err
	}
	if len(s.trusted)+len(s.untrusted) == 0 {
		return nil, s.missing()
	}
	return s.choose()
}

func (s *search) missing() error {
	return report.WithHint(report.Refusedf("finding the base %q: the Marketplace %q has no such entry", s.name.Text, s.Where),
		"name another Marketplace with --marketplace-endpoint, or write a path as ./PATH")
}

const (
	maxInvalid   = 20     // entries that are reported one by one
	maxUnchecked = 10_000 // entries where every endorser counts as trusted
)

// images yields all entries of the images to which a tag leads. An entry that is not
// trusted must not stand for a tag, and a newer one takes it away without having it,
// also if it is signed with another certificate: so each image is looked up as a whole.
func images(ctx context.Context, place Marketplace, email, tag string) iter.Seq2[*entry.Entry, error] {
	return func(yield func(*entry.Entry, error) bool) {
		seen := make(map[string]bool)
		for tagged, err := range place.Find(ctx, entry.Query{Email: email, Tag: tag}) {
			if err != nil && !yield(nil, err) {
				return
			}
			if err != nil || seen[tagged.Identifier] {
				continue
			}
			seen[tagged.Identifier] = true
			for e, err := range place.Find(ctx, entry.Query{Identifier: tagged.Identifier, Email: email}) {
				if !yield(e, err) {
					return
				}
			}
		}
	}
}

// query judges the entries of the Marketplace one by one: those that the query is for
// or, with a tag, all of the images that have it.
func (s *search) query(ctx context.Context, q entry.Query, tag string) error {
	place, err := s.Open()
	if err != nil {
		return err
	}
	defer func() { _ = place.Close() }() // it was only read
	found := place.Find(ctx, q)
	if tag != "" {
		found = images(ctx, place, q.Email, tag)
	}
	invalid := 0
	for e, err := range found {
		if err == nil && !q.Matches(e.Summary(), s.now) {
			err = fmt.Errorf("%w: not what was asked for: %s", entry.ErrInvalid, e.Path())
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, entry.ErrInvalid):
			if invalid++; invalid <= maxInvalid {
				s.log.Warnf("leaving out an entry of the Marketplace: %v", err)
			}
		case err != nil:
			return fmt.Errorf("searching the Marketplace %q: %w", s.Where, err)
		case s.Insecure && len(s.trusted) == maxUnchecked:
			return report.BadInputf("searching the Marketplace %q: at most %d entries with --insecure-no-trust", s.Where, maxUnchecked)
		default:
			s.judge(e)
		}
	}
	if more := invalid - maxInvalid; more > 0 {
		s.log.Warnf("leaving out %d more entries of the Marketplace", more)
	}
	return nil
}

// readDescription reads and verifies the description at a path or URL.
func (s *search) readDescription(ctx context.Context) (*entry.Entry, error) {
	text := s.name.Text
	var src []byte
	var err error
	if s.name.local {
		src, err = readFile(text)
	} else {
		src, err = s.read(ctx, text, entry.MaxBytes+1)
	}
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, fmt.Errorf("reading the base's description: %w", err)
	case !looksLikeXML(src):
		return nil, report.WithHint(report.Usagef("reading %q: not a signed description", text),
			"for an image at a URL, add --base-sha256 with the SHA-256 of the file; %s", Forms)
	}
	e, err := s.name.verify(src)
	if what := otherXML(src); err != nil && what != "" {
		return nil, report.WithHint(report.BadInputf("reading %q: %s, not a signed description", text, what), "%s", Forms)
	}
	if err != nil {
		return nil, report.BadInputf("reading the base's description %q: %w", text, err)
	}
	return e, nil
}

// verify verifies a description. A path or URL that ends in the key of an entry
// stands for that entry: a Marketplace must not return another one.
func (n Name) verify(src []byte) (*entry.Entry, error) {
	if key, ok := n.key(); ok {
		return entry.VerifyAs(key, src)
	}
	return entry.Verify(src)
}

// key returns the key of an entry in which the path or URL ends.
func (n Name) key() (entry.Key, bool) {
	path := n.Text
	if n.local {
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

var (
	webPage = regexp.MustCompile(`(?i)<(?:!doctype html|html)[>/\s]`)
	listing = regexp.MustCompile(`(?i)<metadata[>/\s]`)
)

// otherXML returns what else a text is, nothing if it may be a description.
func otherXML(src []byte) string {
	head := src[:min(len(src), 4096)]
	switch {
	case webPage.Match(head):
		return "a web page"
	case listing.Match(head):
		return "a list of descriptions"
	}
	return ""
}

func readFile(path string) ([]byte, error) {
	f, err := files.OpenRegular(path, os.O_RDONLY, true)
	if err != nil {
		return nil, report.Mark(report.BadInput, err)
	}
	defer f.Close()
	text, err := files.ReadAll(f, entry.MaxBytes)
	if err != nil {
		return nil, report.BadInputf("%q: %w", path, err)
	}
	return text, nil
}
