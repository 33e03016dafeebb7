package registry

import (
	"context"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/page"
)

// tagDir is the directory of a tag, empty if it has none: no tag, or one that
// is too long for the name of a file. What cannot stand in a name is escaped as
// in a URL; anything else stands for itself, so that a web server finds it.
func tagDir(email, tag string) string {
	const hex, longestName = "0123456789ABCDEF", 200
	var b strings.Builder
	for i := range len(tag) {
		switch c := tag[i]; {
		case c < ' ', c == 0x7F, c == '/', c == '\\', c == '%', c == '.' && i == 0:
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		default:
			b.WriteByte(c)
		}
	}
	if b.Len() == 0 || b.Len() > longestName {
		return ""
	}
	return tags + "/" + email + "/" + b.String()
}

// tags is the directory of the logs of tags.
const tags = "tag"

// planTag writes the newest entry that has the tag and is not deprecated, which
// a Marketplace answers with. A new tag is added to those of the endorser.
func (w *writer) planTag(ctx context.Context, b *batch, l *log) error {
	if err := w.putTagged(ctx, b, l); err != nil || !l.fresh {
		return err
	}
	email := l.newest[0].Email
	dir := path.Dir(l.dir)
	names, err := w.names(dir, fs.FileMode.IsDir, func(name string) bool { return dir+"/"+name != l.dir })
	if err != nil {
		return err
	}
	return putTags(b, email, append(names, path.Base(l.dir)))
}

// putTagged writes the entry that a tag stands for.
func (w *writer) putTagged(ctx context.Context, b *batch, l *log) error {
	best, err := w.tagged(ctx, l)
	if err != nil {
		return err
	}
	name := l.dir + "/index.xml"
	if best.document == nil {
		b.drop(name)
		return nil
	}
	b.put(asIndex, name, append(slices.Clone(best.document), '\n'))
	return nil
}

// tagged finds the entry that a tag stands for. It looks at older pages only if
// the two newest have none.
func (w *writer) tagged(ctx context.Context, l *log) (best item, err error) {
	seen := map[entry.Series]bool{} // a newer entry of one counts, whatever it says
	look := func(items []item) {
		for _, it := range items {
			if !seen[it.Series()] {
				seen[it.Series()] = true
				if tagDir(it.Email, it.Tag) == l.dir && it.Deprecated == "" && it.Created > best.Created {
					best = it
				}
			}
		}
	}
	look(l.window())
	for k := l.Pages - 3; k >= 0 && best.document == nil; k-- {
		items, err := w.items(ctx, l.dir, k)
		if err != nil {
			return item{}, err
		}
		slices.Reverse(items)
		look(items)
	}
	return best, nil
}

// putTags lists the tags of an endorser, which are given as names of directories.
func putTags(b *batch, email string, names []string) error {
	slices.Sort(names)
	var rows []entry.Summary
	for _, name := range names {
		if tag, err := url.PathUnescape(name); err == nil {
			rows = append(rows, entry.Summary{Key: entry.Key{Email: email}, Tag: tag})
		}
	}
	xml, err := page.Tags(rows)
	b.put(asIndex, endorsersDir+"/"+email+"/tags/index.xml", xml)
	return err
}
