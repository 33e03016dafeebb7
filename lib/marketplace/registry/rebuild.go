package registry

import (
	"context"
	"errors"
	"io/fs"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// rebuilding makes everything derived anew. It keeps a summary of every entry,
// and reads documents when they are written.
type rebuilding struct {
	*writer
	at time.Time // that statuses are of

	mu   sync.Mutex
	rows []entry.Summary // sorted by time, the oldest first
	old  map[entry.Key]string
}

// rebuild makes everything derived anew from the entries that are good. Others
// are not listed.
func (w *writer) rebuild(ctx context.Context) error {
	if err := w.note(journal{Rebuild: true}); err != nil {
		return err
	}
	b := &rebuilding{writer: w, at: w.now(), old: map[entry.Key]string{}}
	if err := b.collect(ctx); err != nil {
		return err
	}
	if err := b.smalls(ctx); err != nil {
		return err
	}
	if err := b.logs(ctx); err != nil {
		return err
	}
	site := &batch{}
	if err := w.putSite(site); err != nil {
		return err
	}
	if err := b.apply(ctx, site); err != nil {
		return err
	}
	if err := w.files.Sync(); err != nil {
		return err
	}
	return w.forget()
}

// apply makes all changes of a batch. They need not be on the disk at once.
func (b *rebuilding) apply(ctx context.Context, changes *batch) error {
	if err := b.stage(ctx, changes, false); err != nil {
		return err
	}
	if err := b.lock.held(); err != nil {
		b.discard(changes)
		return err
	}
	for p := range phases {
		if err := b.place(changes, p); err != nil {
			b.discard(changes)
			return err
		}
	}
	return nil
}

// collect verifies all entries, sums them up and writes what is beside them.
func (b *rebuilding) collect(ctx context.Context) error {
	images, err := b.names(entry.Root, fs.FileMode.IsDir, entry.IsIdentifier)
	if err != nil {
		return err
	}
	err = some(ctx, len(images), func(ctx context.Context, i int) error {
		emails, err := b.names(entry.Root+"/"+images[i], fs.FileMode.IsDir, entry.IsEmail)
		if err != nil {
			return err
		}
		for _, email := range emails {
			if err := b.collectOf(ctx, images[i], email); err != nil {
				return err
			}
		}
		return nil
	})
	slices.SortFunc(b.rows, func(x, y entry.Summary) int { return newestFirst(y.Key, x.Key) })
	return err
}

// some does something for the numbers below n, several at a time.
func some(ctx context.Context, n int, do func(context.Context, int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(parallel, runtime.GOMAXPROCS(0)))
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return do(ctx, i)
		})
	}
	return group.Wait()
}

// collectOf goes through the entries of one image and address, the oldest
// first. Of each it writes the page when it knows the next one of its series.
func (b *rebuilding) collectOf(ctx context.Context, identifier, email string) error {
	times, err := b.times(identifier, email)
	if err != nil {
		return err
	}
	type series struct {
		last    *entry.Entry // whose page is not written yet
		history []entry.Key
	}
	all := map[entry.Series]*series{}
	write := func(s *series) error {
		changes := &batch{}
		if err := putEntry(changes, s.last, s.history, b.at); err != nil {
			return err
		}
		return b.apply(ctx, changes)
	}
	for _, t := range times {
		k := entry.Key{Identifier: identifier, Email: email, Created: t}
		e, err := b.verified(ctx, k)
		if errors.Is(err, entry.ErrInvalid) {
			continue
		}
		if err != nil {
			return err
		}
		s := all[e.Series()]
		if s == nil {
			s = &series{}
			all[e.Series()] = s
		}
		s.history = append(s.history, k)
		if s.last != nil {
			if err := write(s); err != nil {
				return err
			}
		}
		b.collected(e, s.last)
		s.last = e
	}
	for _, s := range all {
		if err := write(s); err != nil {
			return err
		}
	}
	return nil
}

func (b *rebuilding) collected(e, previous *entry.Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rows = append(b.rows, e.Summary())
	if previous != nil {
		if tag := previous.Summary().Tag; tag != "" {
			b.old[e.Key] = tag
		}
	}
}

// item reads the document of an entry that was good a moment ago.
func (b *rebuilding) item(ctx context.Context, s entry.Summary) (item, error) {
	src, err := b.Read(ctx, s.Key)
	if err != nil {
		return item{}, err
	}
	document, err := entry.Embeddable(src)
	return item{s, document}, err
}

// smalls writes the small scopes, each with the newest entry that it has.
func (b *rebuilding) smalls(ctx context.Context) error {
	members := map[string][]int32{}
	for i, row := range b.rows {
		for _, sc := range smallScopes(row.Key) {
			members[sc.dir] = append(members[sc.dir], int32(i))
		}
	}
	return some(ctx, len(b.rows), func(ctx context.Context, i int) error {
		changes := &batch{}
		for _, sc := range smallScopes(b.rows[i].Key) {
			of := members[sc.dir]
			if int(of[len(of)-1]) != i {
				continue
			}
			items, err := b.newest(ctx, of)
			if err != nil {
				return err
			}
			if err := small(sc, items, b.at).put(changes); err != nil {
				return err
			}
		}
		return b.apply(ctx, changes)
	})
}

// newest reads as many of the newest entries as a small scope can list.
func (b *rebuilding) newest(ctx context.Context, of []int32) ([]item, error) {
	seen := map[entry.Series]bool{}
	var items []item
	for _, i := range slices.Backward(of) {
		row := b.rows[i]
		if seen[row.Series()] {
			continue
		}
		if seen[row.Series()] = true; len(items) > smallEntries {
			break
		}
		it, err := b.item(ctx, row)
		if err != nil {
			return nil, err
		}
		items = append(items, it)
	}
	return items, nil
}
