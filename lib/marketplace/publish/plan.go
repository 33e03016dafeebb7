package publish

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/registry"
)

// mostFiles is how many files a publication writes at most, the note of its lock
// included. It is more, 12, only where no two documents fit into a file of a listing,
// because they have very many elements.
const mostFiles = 10

// plan is everything that the publication of an entry changes.
type plan struct {
	batch
	entry    *entry.Entry // under the key that it gets
	document []byte       // of the entry, in the form of a listing
	existed  bool         // the same document is there
	listed   bool         // the listing of its image has it
	previous *entry.Entry // the newest other one of its series; nil if there is none
	// superseded says that previous is newer.
	superseded bool
}

// plan works out the publication of an entry. The error wraps an *entry.NotAdmitted
// if the rules are against it, and registry.ErrBroken if something derived is damaged.
func (s *session) plan(ctx context.Context, e *entry.Entry) (*plan, error) {
	document, err := entry.Embeddable(e.Source)
	if err != nil {
		return nil, err
	}
	p := &plan{entry: e, document: document}
	tag := entry.TagPath(e.Email, e.Summary().Tag)
	var group errgroup.Group
	var image, tagged listing
	var l log
	var script, style batch
	group.Go(func() error { return p.place(ctx, s) })
	group.Go(func() (err error) { image, err = s.listing(entry.Root + "/" + e.Identifier); return err })
	group.Go(func() (err error) { tagged, err = s.listing(tag); return err })
	group.Go(func() (err error) { l, err = s.log(); return err })
	group.Go(func() error { return s.putStatic(&script, scriptFile) })
	group.Go(func() error { return s.putStatic(&style, styleFile) })
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if p.existed {
		p.listed, err = s.lists(ctx, image, document)
		if err == nil && p.superseded && !p.listed {
			err = fmt.Errorf("%w: %q is not listed, though it is older than %q", registry.ErrBroken, p.entry.Path(), p.previous.Path())
		}
		if err != nil || p.superseded {
			return p, err
		}
	} else {
		p.put(asEntry, p.entry.Path(), e.Source)
	}
	listings := []listing{image}
	if tag != "" {
		listings = append(listings, tagged)
	}
	if p.previous != nil {
		if old := entry.TagPath(e.Email, p.previous.Summary().Tag); old != "" && old != tag {
			untagged, err := s.listing(old)
			if err != nil {
				return nil, err
			}
			listings = append(listings, untagged)
		}
	}
	if err := l.add(&p.batch, rowOf(p.entry)); err != nil {
		return nil, err
	}
	// What is too much for one publication waits for the next ones.
	spare := mostFiles - 1 - len(p.changes) - len(listings)
	assets := append(script.changes, style.changes...)
	assets = assets[:min(spare, len(assets))]
	p.changes = append(p.changes, assets...)
	spare -= len(assets)
	for _, l := range listings {
		if l.add(&p.batch, document, spare > 0) {
			spare--
		}
	}
	return p, nil
}

// place finds out what is there of the series of the entry, and under which key the
// entry is or can be published.
func (p *plan) place(ctx context.Context, s *session) error {
	keys, err := s.reader.Keys(ctx, p.entry.Identifier, p.entry.Email)
	if err != nil {
		return err
	}
	for _, e := range []*entry.Entry{p.entry, p.entry.AsVariant()} {
		if slices.Contains(keys, e.Key) {
			src, err := s.reader.Read(ctx, e.Key)
			if err == nil && bytes.Equal(src, e.Source) {
				p.existed, p.entry = true, e
			}
		}
	}
	latest := ""
	for _, k := range keys { // the newest first
		other, err := s.reader.Verified(ctx, k)
		if err != nil && !errors.Is(err, entry.ErrInvalid) {
			return err
		}
		if err == nil && other.Series() == p.entry.Series() && (!p.existed || k != p.entry.Key) {
			p.previous, latest = other, other.Created
			break
		}
	}
	if p.superseded = latest > p.entry.Created; p.existed {
		return nil
	}
	if err := p.entry.Admit(latest, s.now()); err != nil {
		return err
	}
	if slices.Contains(keys, p.entry.Key) {
		p.entry = p.entry.AsVariant()
	}
	if slices.Contains(keys, p.entry.Key) {
		return entry.NotAdmittedf("something else is at %q; sign it again", p.entry.Path())
	}
	return nil
}

// rowOf returns the row of an entry in the log.
func rowOf(e *entry.Entry) registry.Row {
	digest := sha256.Sum256(e.Source)
	return registry.Row{Summary: e.Summary(), SHA256: hex.EncodeToString(digest[:])}
}

// listing is the newest file of the listing in a directory, to which documents are
// added.
type listing struct {
	dir       string
	documents [][]byte // the newest first
	older     int      // number of the next older file, 0 if there is none
}

func (s *session) listing(dir string) (l listing, err error) {
	l.dir = dir
	if dir != "" {
		l.documents, l.older, err = registry.ReadListing(s.files, dir, 0)
	}
	return l, err
}

// lists reports whether a listing has a document, on any of its files.
func (s *session) lists(ctx context.Context, l listing, document []byte) (bool, error) {
	for !slices.ContainsFunc(l.documents, func(d []byte) bool { return bytes.Equal(d, document) }) {
		if err := ctx.Err(); err != nil || l.older == 0 {
			return false, err
		}
		var err error
		if l.documents, l.older, err = registry.ReadListing(s.files, l.dir, l.older); err != nil {
			return false, err
		}
	}
	return true, nil
}

// add adds a document, unless the listing has it: a publication that was interrupted
// may have come so far. Without spare a full file takes one more, if it can. add reports
// whether a full file became an older one, which costs a file.
func (l *listing) add(b *batch, document []byte, spare bool) (turned bool) {
	if slices.ContainsFunc(l.documents, func(d []byte) bool { return bytes.Equal(d, document) }) {
		return false
	}
	turned = l.extend(b, document, spare)
	l.put(b, asIndex, 0)
	return turned
}

// extend is add for a document that the listing has not, without writing the newest
// file.
func (l *listing) extend(b *batch, document []byte, spare bool) (turned bool) {
	full, fits := l.room(document)
	turned = full && spare || !fits
	if turned {
		l.put(b, asOlder, l.older+1)
		l.documents, l.older = nil, l.older+1
	}
	l.documents = slices.Insert(l.documents, 0, document)
	return turned
}

// room reports whether the newest file is full, and whether it can take a further
// document nevertheless.
func (l *listing) room(document []byte) (full, fits bool) {
	var size entry.Size
	for _, d := range l.documents {
		size.Add(d)
	}
	most := registry.ListingEntries
	if strings.HasPrefix(l.dir, "tag/") {
		most = registry.TagEntries
	}
	full = len(l.documents) >= most || size.Bytes >= registry.ListingBytes
	size.Add(document)
	return full, len(l.documents) == 0 || size.Readable()
}

// put writes the documents into a file of the listing.
func (l *listing) put(b *batch, p phase, n int) {
	next := ""
	if l.older > 0 {
		parts := strings.Split(registry.ListingFile(l.dir, l.older), "/")
		for i := range parts {
			parts[i] = url.PathEscape(parts[i])
		}
		next = strings.Join(parts, "/")
	}
	b.put(p, registry.ListingFile(l.dir, n), entry.FormatListing(entry.Listing{Documents: l.documents, Next: next}))
}

// log is the end of the log, to which entries are added.
type log struct {
	registry.Head
	before, newest []registry.Row // the two newest pages
	size           int            // of the newest page, in bytes
}

// log reads the end of the log.
func (s *session) log() (l log, err error) {
	if l.Head, err = registry.ReadHead(s.files); err != nil {
		return l, err
	}
	if l.Generation == "" {
		l.Generation = newToken()
		return l, s.wantNoEntries()
	}
	var group errgroup.Group
	for k, rows := range map[int]*[]registry.Row{l.Pages - 1: &l.newest, l.Pages - 2: &l.before} {
		if k >= 0 {
			group.Go(func() (err error) { *rows, err = registry.ReadPage(s.files, l.Head, k); return err })
		}
	}
	if err := group.Wait(); err != nil {
		return l, err
	}
	body, err := json.Marshal(l.newest)
	l.size = len(body)
	return l, err
}

// wantNoEntries returns an error that wraps registry.ErrBroken if there are entries. Directories
// alone are none: a writer that has lost its lock may still make some.
func (s *session) wantNoEntries() error {
	images, err := s.reader.Images()
	for _, identifier := range images {
		keys, err := s.reader.Keys(context.Background(), identifier, "")
		if err != nil {
			return err
		}
		if len(keys) > 0 {
			return fmt.Errorf("%w: there are entries, but no log", registry.ErrBroken)
		}
	}
	return err
}

// add adds an entry, unless one of the two newest pages has it, and writes the newest
// page and what shows the end of the log.
func (l *log) add(b *batch, row registry.Row) error {
	same := func(other registry.Row) bool { return other.Key == row.Key }
	if slices.ContainsFunc(l.newest, same) || slices.ContainsFunc(l.before, same) {
		return nil
	}
	if err := l.extend(row); err != nil {
		return err
	}
	if err := l.putPage(b); err != nil {
		return err
	}
	b.put(asHead, registry.HeadFile, l.head())
	return l.putLatest(b)
}

func (l *log) full() bool {
	return l.Pages == 0 || len(l.newest) >= registry.PageEntries || l.size >= registry.PageBytes
}

// extend adds a row without writing anything. A page that is full is followed by
// another.
func (l *log) extend(row registry.Row) error {
	if l.full() {
		l.before, l.newest, l.size = l.newest, nil, 0
		l.Pages++
	}
	body, err := json.Marshal(row)
	l.size += len(body)
	l.newest = append(l.newest, row)
	l.Last = len(l.newest)
	l.Entries++
	return err
}

func (l *log) head() []byte {
	body, _ := json.Marshal(l.Head) // text and numbers
	return body
}

// putPage writes the newest page.
func (l *log) putPage(b *batch) error {
	body, err := json.Marshal(l.newest)
	b.put(asIndex, l.Page(l.Pages-1), body)
	return err
}

// putLatest writes the feed and the static page.
func (l *log) putLatest(b *batch) error {
	var latest []entry.Summary
	seen := make(map[entry.Series]bool)
	for _, rows := range [][]registry.Row{l.newest, l.before} {
		for _, row := range slices.Backward(rows) {
			if !seen[row.Series()] && len(latest) < maxLatest {
				seen[row.Series()] = true
				latest = append(latest, row.Summary)
			}
		}
	}
	feed, err := Feed("", latest)
	if err != nil {
		return err
	}
	page, err := indexPage(latest, l.Entries)
	b.put(asIndex, "feed.atom", feed)
	b.put(asIndex, "index.html", page)
	return err
}

// maxLatest is how many entries the feed and the static page show.
const maxLatest = 50
