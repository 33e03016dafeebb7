package publish

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"sync"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/registry"
)

// rebuilding makes everything derived anew. It keeps a row for every entry; documents
// are read when they are written.
type rebuilding struct {
	*session
	mutex   sync.Mutex
	rows    []rebuiltRow
	written map[string]bool
}

type rebuiltRow struct {
	registry.Row
	oldTag string // of the entry that it replaces
}

// rebuild makes everything derived anew from the sound entries, and removes what older
// versions derived. The new log comes into force with its head, at the end.
func (s *session) rebuild(ctx context.Context) error {
	r := &rebuilding{session: s, written: make(map[string]bool)}
	images, err := r.reader.Images()
	if err != nil {
		return err
	}
	if err := each(ctx, images, func(identifier string) error { return r.image(ctx, identifier) }); err != nil {
		return err
	}
	slices.SortFunc(r.rows, func(a, b rebuiltRow) int { return a.Compare(b.Key) })
	if err := r.tags(ctx); err != nil {
		return err
	}
	l, err := r.log(ctx)
	if err != nil {
		return err
	}
	var last batch
	if err := errors.Join(l.putLatest(&last), r.putStatic(&last, scriptFile), r.putStatic(&last, styleFile)); err != nil {
		return err
	}
	if err := r.apply(ctx, &last); err != nil {
		return err
	}
	if err := each(ctx, []string{entry.Root, "tag", "endorsers", "css", "js"}, func(dir string) error { return r.sweep(ctx, dir, 0) }); err != nil {
		return err
	}
	var head batch
	head.put(asHead, registry.HeadFile, l.head())
	if err := errors.Join(r.apply(ctx, &head), r.files.Sync()); err != nil {
		return err
	}
	return r.sweep(ctx, registry.LogDir, 0)
}

// apply puts the files of a batch in their places. They need not be on the disk yet.
func (r *rebuilding) apply(ctx context.Context, b *batch) error {
	err := r.stage(ctx, b, false)
	if err == nil {
		err = r.lock.held()
	}
	for p := range phases {
		if err == nil {
			err = r.place(b, p)
		}
	}
	if err != nil {
		r.discard(b)
		return err
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, c := range b.changes {
		r.written[c.name] = true
	}
	return nil
}

// image verifies the entries of an image and writes their listing.
func (r *rebuilding) image(ctx context.Context, identifier string) error {
	keys, err := r.reader.Keys(ctx, identifier, "")
	if err != nil {
		return err
	}
	var b batch
	l := listing{dir: entry.Root + "/" + identifier}
	tags := make(map[entry.Series]string)
	var rows []rebuiltRow
	for _, k := range slices.Backward(keys) {
		e, err := r.reader.Verified(ctx, k)
		if errors.Is(err, entry.ErrInvalid) {
			continue
		}
		if err != nil {
			return err
		}
		document, err := entry.Embeddable(e.Source)
		if err != nil {
			return err
		}
		l.extend(&b, document, true)
		row := rebuiltRow{rowOf(e), tags[e.Series()]}
		tags[e.Series()] = row.Tag
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil
	}
	l.put(&b, asIndex, 0)
	r.mutex.Lock()
	r.rows = append(r.rows, rows...)
	r.mutex.Unlock()
	return r.apply(ctx, &b)
}

// tags writes the listings of all tags.
func (r *rebuilding) tags(ctx context.Context) error {
	members := make(map[string][]entry.Key)
	var dirs []string
	for _, row := range r.rows {
		tag, old := entry.TagPath(row.Email, row.Tag), entry.TagPath(row.Email, row.oldTag)
		for _, dir := range slices.Compact([]string{tag, old}) {
			if dir == "" {
				continue
			}
			if members[dir] == nil {
				dirs = append(dirs, dir)
			}
			members[dir] = append(members[dir], row.Key)
		}
	}
	return each(ctx, dirs, func(dir string) error {
		var b batch
		l := listing{dir: dir}
		for _, k := range members[dir] {
			src, err := r.reader.Read(ctx, k)
			if err != nil {
				return err
			}
			document, err := entry.Embeddable(src)
			if err != nil {
				return err
			}
			l.extend(&b, document, true)
		}
		l.put(&b, asIndex, 0)
		return r.apply(ctx, &b)
	})
}

// log writes the pages of a new log.
func (r *rebuilding) log(ctx context.Context) (l log, err error) {
	l.Generation = newToken()
	putPage := func() error {
		var b batch
		if err := l.putPage(&b); err != nil {
			return err
		}
		return r.apply(ctx, &b)
	}
	for _, row := range r.rows {
		if l.Pages > 0 && l.full() {
			if err := putPage(); err != nil {
				return l, err
			}
		}
		if err := l.extend(row.Row); err != nil {
			return l, err
		}
	}
	if l.Pages == 0 {
		return l, nil
	}
	return l, putPage()
}

// derived matches the paths of what this and older versions derive from documents.
var derived = regexp.MustCompile(`^(metadata|tag|endorsers)/(.*/)?(index(\.\w+)?\.(xml|html|json)|log\.json|page/\d+\.(xml|html|json))$` +
	`|^metadata/[^/]+/[^/]+/[^/]+Z\.(html|json)$` +
	`|^(css|js)/(marketplace\.css|icon\.svg|marketplace\.js)$` +
	`|^log/[0-9a-f]+/\d+\.json$`)

// maxDepth bounds how deep derived files are.
const maxDepth = 6

// sweep removes derived files that have not been written now, and the directories
// that become empty.
func (r *rebuilding) sweep(ctx context.Context, dir string, depth int) error {
	entries, err := r.files.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || depth == maxDepth {
		return nil
	}
	if err != nil {
		return err
	}
	err = each(ctx, entries, func(d fs.DirEntry) error {
		name := path.Join(dir, d.Name())
		switch {
		case d.IsDir():
			return r.sweep(ctx, name, depth+1)
		case derived.MatchString(name) && !r.written[name]:
			return r.remove(ctx, []string{name})
		}
		return nil
	})
	_ = r.files.Remove(dir) // it stays unless it is empty
	return err
}
