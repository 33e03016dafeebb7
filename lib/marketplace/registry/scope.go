package registry

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/page"
)

// scope is a directory that lists entries.
type scope struct {
	dir     string
	heading string
}

// isTag tells whether the scope is that of a tag, which only programs read.
func (s scope) isTag() bool { return strings.HasPrefix(s.dir, tags+"/") }

// urlPath is the path of the scope in a URL.
func (s scope) urlPath() string {
	parts := strings.Split(s.dir, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}

// site says where a page is that stands so many directories below the scope.
func (s scope) site(below int) page.Site {
	depth := strings.Count(s.dir, "/") + 1 + below
	return page.Site{Root: strings.Repeat("../", depth), Static: true}
}

// smallScopes are those of an entry that have few others.
func smallScopes(k entry.Key) []scope {
	root := entry.Root + "/"
	return []scope{
		{root + k.Identifier, "Image " + k.Identifier},
		{root + k.Identifier + "/" + k.Email, "Image " + k.Identifier + " by " + k.Email},
		{root + k.Created, "Endorsed at " + k.Created},
		{root + k.Identifier + "/" + k.Created, "Image " + k.Identifier + " endorsed at " + k.Created},
		{root + k.Email + "/" + k.Created, "Endorsed by " + k.Email + " at " + k.Created},
	}
}

// logScopes are the logs of an entry that replaces one with the tag given. The
// log of a tag also has the entries that take it from an image.
func logScopes(s entry.Summary, oldTag string) []scope {
	scopes := []scope{
		{entry.Root, "Images"},
		{entry.Root + "/" + s.Email, "Images endorsed by " + s.Email},
	}
	for _, dir := range []string{tagDir(s.Email, s.Tag), tagDir(s.Email, oldTag)} {
		scope := scope{dir: dir}
		if dir != "" && !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// list is what the index of a scope shows.
type list struct {
	scope
	items []item // the newest first; of a series only the first counts
	total int
	// pages are those of a log; the index leads to the third newest. 0 for
	// small scopes.
	pages int
	// cut tells that a small scope has more than is listed; the listings lead
	// on to those of all entries.
	cut bool
	now time.Time
}

// put writes the index of a scope.
func (l list) put(b *batch) error {
	latest := latest(l.items)
	next, older := "", ""
	if l.pages > 2 {
		next = pageName(l.urlPath(), l.pages-3, ".xml")
		older = pageName(".", l.pages-3, ".html")
	}
	files := map[string][]item{"index.all.xml": latest}
	for _, status := range entry.Statuses() {
		name := "index." + string(status) + ".xml"
		if status == entry.Valid {
			name = "index.xml"
		}
		files[name] = slices.DeleteFunc(slices.Clone(latest), func(it item) bool { return it.Status(l.now) != status })
	}
	valid := files["index.xml"]
	if l.isTag() {
		delete(files, "index.xml") // is not a listing there
	}
	for name, items := range files {
		next := next
		if l.cut {
			next = entry.Root + "/" + name
		}
		if len(items) == 0 && next == "" {
			b.drop(l.dir + "/" + name)
			continue
		}
		b.put(asIndex, l.dir+"/"+name, page.XML(documents(items), next))
	}
	if l.isTag() {
		return nil
	}
	rows, err := page.Rows("", summaries(valid), l.total, len(valid))
	if err != nil {
		return err
	}
	b.put(asIndex, l.dir+"/index.json", rows)
	html, err := page.List{
		Site: l.site(0), Heading: l.heading, Rows: summaries(latest), Total: l.total, Older: older, Now: l.now,
	}.HTML()
	b.put(asIndex, l.dir+"/index.html", html)
	return err
}

// latest keeps the first of each series.
func latest(items []item) []item {
	seen := map[entry.Series]bool{}
	var kept []item
	for _, it := range items {
		if !seen[it.Series()] {
			seen[it.Series()] = true
			kept = append(kept, it)
		}
	}
	return kept
}

func documents(items []item) [][]byte {
	documents := make([][]byte, len(items))
	for i, it := range items {
		documents[i] = it.document
	}
	return documents
}

func summaries(items []item) []entry.Summary {
	rows := make([]entry.Summary, len(items))
	for i, it := range items {
		rows[i] = it.Summary
	}
	return rows
}

const (
	// smallEntries and smallBytes bound what a small scope lists: the newest.
	// An image that hundreds endorse, or hundreds endorsed in one second, is
	// not what the API is for, and would make each publication dearer than the
	// one before. So that forgeries hide nothing, the listing then leads on to
	// all entries, as does every later one.
	smallEntries = 200
	smallBytes   = 8 << 20
)

// small makes the list of a small scope.
func small(sc scope, items []item, now time.Time) list {
	slices.SortStableFunc(items, func(a, b item) int { return newestFirst(a.Key, b.Key) })
	items = latest(items)
	size, cut := 0, false
	for i, it := range items {
		size += len(it.document)
		if i >= smallEntries || size > smallBytes {
			items, cut = items[:i], true
			break
		}
	}
	return list{scope: sc, items: items, total: len(items), cut: cut, now: now}
}

// smallItems reads what a small scope lists, and leaves out whatever is not an
// entry of it. cut tells that it has had more.
func (r *Registry) smallItems(sc scope) (items []item, cut bool, err error) {
	l, err := r.listing(sc.dir + "/index.all.xml")
	if err != nil {
		return nil, false, err
	}
	for _, document := range l.Documents {
		e, err := entry.Verify(document)
		if err != nil {
			continue
		}
		if slices.ContainsFunc(smallScopes(e.Key), func(own scope) bool { return own.dir == sc.dir }) {
			items = append(items, item{e.Summary(), document})
		}
	}
	return items, l.Next != "", nil
}
