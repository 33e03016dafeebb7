package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/page"
)

// log is the end of a log, to which entries are added.
type log struct {
	scope
	state
	closed         int    // entries of all pages but the newest
	before, newest []item // the two newest pages, in the order of arrival
	fresh          bool   // there was no log
	now            time.Time
}

// tail reads the end of a log to which the key is to be added.
func (w *writer) tail(ctx context.Context, sc scope, k entry.Key) (*log, error) {
	l := &log{scope: sc}
	var err error
	if l.state, err = w.state(l.dir); err != nil {
		return nil, err
	}
	if l.Pages == 0 {
		l.fresh = true
		l.Generation = newToken()
		// Either there is nothing, or a writer was stopped that began the log
		// with this entry, or log.json is lost.
		rows, err := w.page(l.dir, 0)
		if err == nil && (len(rows) != 1 || rows[0].Key != k) || err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, errors.Join(fmt.Errorf("%w: %q has pages, but no log.json", errBroken, l.dir), err)
		}
		return l, nil
	}
	l.closed = l.Entries - l.Last
	if l.newest, err = w.items(ctx, l.dir, l.Pages-1); err != nil {
		return nil, err
	}
	if len(l.newest) < l.Last {
		return nil, fmt.Errorf("%w: %q has %d entries on its newest page, want %d", errBroken, l.dir, len(l.newest), l.Last)
	}
	if l.Pages > 1 {
		l.before, err = w.items(ctx, l.dir, l.Pages-2)
	}
	return l, err
}

// add adds an entry, unless one of the two newest pages has it: a writer that
// was stopped got no further.
func (l *log) add(it item) {
	is := func(other item) bool { return other.Key == it.Key }
	switch {
	case slices.ContainsFunc(l.newest, is), slices.ContainsFunc(l.before, is):
	case l.Pages == 0 || full(l.newest, len(it.document)):
		l.closed += len(l.newest)
		l.before, l.newest = l.newest, []item{it}
		l.Pages++
	default:
		l.newest = append(l.newest, it)
	}
	l.Last = len(l.newest)
	l.Entries = l.closed + l.Last
}

// full tells whether a page has no room for another document.
func full(items []item, more int) bool {
	size := more
	for _, it := range items {
		size += len(it.document)
	}
	return len(items) >= pageEntries || size > pageBytes
}

// window is the end of the log as readers see it, the newest first.
func (l *log) window() []item {
	window := append(slices.Clone(l.before), l.newest...)
	slices.Reverse(window)
	return window
}

// put writes the newest page of a log and what shows the end of it.
func (l *log) put(b *batch) error {
	if err := l.putPage(b); err != nil {
		return err
	}
	window := l.window()
	index := list{scope: l.scope, items: window, total: l.Entries, pages: l.Pages, now: l.now}
	if err := index.put(b); err != nil {
		return err
	}
	switch {
	case l.isTag():
	case l.dir == entry.Root:
		feed, err := page.Atom("", summaries(latest(window)))
		if err != nil {
			return err
		}
		b.put(asIndex, "feed.atom", feed)
	default:
		history, err := page.History(summaries(window))
		if err != nil {
			return err
		}
		b.put(asIndex, endorsersDir+"/"+window[0].Email+"/index.xml", history)
	}
	body, err := json.Marshal(l.state)
	b.put(asLog, l.dir+"/log.json", body)
	return err
}

// putPage writes the newest page.
func (l *log) putPage(b *batch) error {
	k := l.Pages - 1
	items := slices.Clone(l.newest)
	body, err := json.Marshal(summaries(items))
	if err != nil {
		return err
	}
	b.put(asIndex, pageName(l.dir, k, ".json"), body)
	slices.Reverse(items)
	next, older := "", ""
	if k > 0 {
		next, older = pageName(l.urlPath(), k-1, ".xml"), fmt.Sprintf("%d.html", k-1)
	}
	b.put(asIndex, pageName(l.dir, k, ".xml"), page.XML(documents(items), next))
	if l.isTag() {
		return nil
	}
	html, err := page.List{
		Site: l.site(1), Heading: l.heading, Rows: summaries(items), Total: l.Entries, Newer: "../", Older: older, Now: l.now,
	}.HTML()
	b.put(asIndex, pageName(l.dir, k, ".html"), html)
	return err
}
