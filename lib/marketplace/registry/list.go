package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/page"
)

// list puts an entry in its place, unless it is there, and lists it wherever it
// belongs. Done again, it changes nothing.
func (w *writer) list(ctx context.Context, e *entry.Entry) error {
	note := journal{Key: e.Key}
	b, err := w.plan(ctx, e)
	if errors.Is(err, errBroken) {
		if err := w.finish(ctx, w.rebuild); err != nil {
			return err
		}
		if _, err := w.files.Lstat(e.Path()); err == nil {
			return nil // it was among the others
		}
		b, err = w.plan(ctx, e)
	}
	if err != nil {
		return err
	}
	if err := w.stage(ctx, b, true); err != nil {
		return err
	}
	return w.commit(ctx, b, note)
}

// plan computes everything that the publication of an entry changes.
func (w *writer) plan(ctx context.Context, e *entry.Entry) (*batch, error) {
	b := &batch{}
	document, err := entry.Embeddable(e.Source)
	if err != nil {
		return nil, err
	}
	it := item{e.Summary(), document}
	now := w.now()
	previous, err := w.planEntry(ctx, b, e, now)
	if err != nil {
		return nil, err
	}
	oldTag := ""
	if previous != nil {
		oldTag = previous.Summary().Tag
	}
	for _, sc := range logScopes(it.Summary, oldTag) {
		if err := w.planLog(ctx, b, sc, it, now); err != nil {
			return nil, err
		}
	}
	for _, sc := range smallScopes(e.Key) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		items, cut, err := w.smallItems(sc)
		if err != nil {
			return nil, err
		}
		l := small(sc, append(items, it), now)
		l.cut = l.cut || cut
		if err := l.put(b); err != nil {
			return nil, err
		}
	}
	return b, w.putSite(b)
}

// planLog adds an entry to a log.
func (w *writer) planLog(ctx context.Context, b *batch, sc scope, it item, now time.Time) error {
	l, err := w.tail(ctx, sc, it.Key)
	if err != nil {
		return err
	}
	l.now = now
	l.add(it)
	if err := l.put(b); err != nil {
		return err
	}
	switch {
	case l.isTag():
		return w.planTag(ctx, b, l)
	case l.dir != entry.Root:
		return w.planEndorser(b, l)
	}
	return nil
}

// planEntry writes the entry and its pages. previous is what it replaces, nil
// if that is nothing good.
func (w *writer) planEntry(ctx context.Context, b *batch, e *entry.Entry, now time.Time) (previous *entry.Entry, err error) {
	keys, err := w.keysOf(ctx, entry.Query{Identifier: e.Identifier, Email: e.Email})
	if err != nil {
		return nil, err
	}
	if !slices.Contains(keys, e.Key) {
		b.put(asEntry, e.Path(), e.Source)
	}
	history := []entry.Key{e.Key} // of the series, the newest first
	for _, k := range keys {
		if k == e.Key {
			continue
		}
		other, err := w.verified(ctx, k)
		if err != nil && !errors.Is(err, entry.ErrInvalid) {
			return nil, err
		}
		if err != nil || other.Series() != e.Series() {
			continue
		}
		if k.Created > e.Created { // it cannot be the newest of a log
			return nil, fmt.Errorf("%w: %q is not listed, though it is older than %q", errBroken, e.Path(), k.Path())
		}
		if previous == nil {
			previous = other
		}
		if history = append(history, k); len(history) > page.MaxHistory {
			break
		}
	}
	if previous != nil { // its page says from now on that there is a newer one
		if err := putPage(b, asIndex, previous, history, now); err != nil {
			return nil, err
		}
	}
	return previous, putEntry(b, e, history, now)
}

// putEntry writes what is beside an entry.
func putEntry(b *batch, e *entry.Entry, history []entry.Key, now time.Time) error {
	rdf, err := page.RDFJSON(e)
	if err != nil {
		return err
	}
	b.put(asIndex, e.Path()+".json", rdf)
	return putPage(b, asMark, e, history, now)
}

func putPage(b *batch, p phase, e *entry.Entry, history []entry.Key, now time.Time) error {
	html, err := page.Single{Site: page.Site{Root: "../../../", Static: true}, Entry: e, History: history, Now: now}.HTML()
	b.put(p, e.Path()+".html", html)
	return err
}

// putSite writes the files that are the same in every registry, unless they are
// there.
func (w *writer) putSite(b *batch) error {
	redirect, err := page.Redirect()
	if err != nil {
		return err
	}
	files := map[string][]byte{"index.html": redirect}
	assets := page.Assets()
	err = fs.WalkDir(assets, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files[name], err = fs.ReadFile(assets, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	for name, body := range files {
		there, err := w.files.ReadFile(name, int64(len(body)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errUnfit) {
			return err
		}
		if err != nil || !bytes.Equal(there, body) {
			b.put(asIndex, name, body)
		}
	}
	return nil
}
