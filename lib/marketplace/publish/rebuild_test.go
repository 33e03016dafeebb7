package publish

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/registry"
)

// population makes entries that fill several pages, in the order of time:
// images of two endorsers, endorsed again, with tags that move and deprecated
// ones.
func population(t testing.TB, n int) []*entry.Entry {
	t.Helper()
	entries := make([]*entry.Entry, n)
	for i := range entries {
		s := spec{image: i % (n * 2 / 3), at: i * 50 / n, tag: fmt.Sprintf("tag %d", i%3)}
		if i%2 == 1 {
			s.email = "adam@example.org"
		}
		if i%7 == 0 {
			s.deprecated = "too old"
		}
		if i%5 == 0 {
			s.valid = "2026-01-01T00:00:00Z"
		}
		entries[i] = s.entry(t)
	}
	slices.SortFunc(entries, func(a, b *entry.Entry) int { return a.Compare(b.Key) })
	return entries
}

var generation = regexp.MustCompile(`"generation":"([0-9a-f]+)"`)

// without returns a tree without the name of the generation of its log.
func without(t testing.TB, dir string) map[string]string {
	files := tree(t, dir)
	of := generation.FindStringSubmatch(files[registry.HeadFile])
	if of == nil {
		return files
	}
	same := make(map[string]string)
	for name, body := range files {
		same[strings.Replace(name, of[1], "G", 1)] = strings.Replace(body, of[1], "G", 1)
	}
	return same
}

// TestRebuild: entries alone make the same tree as their publications, one by
// one, did.
func TestRebuild(t *testing.T) {
	both(t, func(t *testing.T, f files, dir string) {
		entries := population(t, 72)
		r := at(f)
		publish(t, r, entries[:71]...)
		want := tree(t, dir)
		head, err := registry.ReadHead(f)
		must(t, err)
		last := filepath.Join(dir, head.Page(head.Pages-1))
		remove := func(path string) func() { return func() { must(t, os.Remove(path)) } }
		write := func(path, body string) func() { return func() { must(t, os.WriteFile(path, []byte(body), 0o600)) } }
		headFile := filepath.Join(dir, registry.HeadFile)
		image := filepath.Join(dir, entry.Root, entries[71].Identifier, "index.xml")
		lie := fmt.Sprintf(`{"generation":%q,"pages":900000,"entries":900000,"last":1}`, head.Generation)
		broken := map[string]func(){
			"the head is lost":           remove(headFile),
			"the head is not JSON":       write(headFile, "{"),
			"the head is a lie":          write(headFile, lie),
			"the head leads elsewhere":   write(headFile, strings.Replace(lie, head.Generation, "../../..", 1)),
			"the newest page is lost":    remove(last),
			"the newest page is huge":    func() { must(t, os.Truncate(last, 1<<40)) },
			"a directory is at the head": func() { remove(headFile)(); must(t, os.MkdirAll(headFile+"/x", 0o755)) },
			"a directory is at a page":   func() { remove(last)(); must(t, os.MkdirAll(last+"/x", 0o755)) },
			"a directory is at the feed": func() {
				feed := filepath.Join(dir, "feed.atom")
				remove(feed)()
				must(t, os.MkdirAll(feed+"/x", 0o755))
			},
			"a listing is not XML":           write(image, "<"),
			"a directory is at a listing":    func() { remove(image)(); must(t, os.MkdirAll(image+"/x", 0o755)) },
			"everything derived is lost":     func() { dropDerived(t, dir) },
			"the tree is of an older format": func() { dropDerived(t, dir); writeOldFormat(t, dir, entries[0]) },
		}
		if _, far := f.(distant); far { // slower, and which damage it is makes no difference there
			const one = "the tree is of an older format"
			broken = map[string]func(){one: broken[one]}
		}
		var after map[string]string
		for name, damage := range broken {
			t.Run(name, func(t *testing.T) {
				if after != nil { // start from a good tree with 71 entries
					empty(t, dir)
					restore(t, dir, want)
				}
				damage()
				if found := len(found(t, f, entry.Query{})); found == 0 {
					t.Error("nothing can be found meanwhile")
				}
				publish(t, r, entries[71])
				checkComplete(t, dir, entries...)
				got := without(t, dir)
				if after == nil {
					after = got
				}
				if diff := cmp.Diff(after, got); diff != "" {
					t.Errorf("(-another time +this time):\n%s", diff)
				}
			})
		}
		empty(t, dir)
		publish(t, r, entries...)
		if diff := cmp.Diff(without(t, dir), after); diff != "" {
			t.Errorf("(-published one by one +made anew):\n%s", diff)
		}
	})
}

func restore(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, body := range files {
		path := filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(body), 0o644))
	}
}

// empty removes everything in a directory, which a registry keeps open.
func empty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		must(t, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
}

// dropDerived removes all files but entries.
func dropDerived(t *testing.T, dir string) {
	t.Helper()
	for name := range tree(t, dir) {
		if !entry.IsTime(filepath.Base(name)) {
			must(t, os.Remove(filepath.Join(dir, name)))
		}
	}
}

// writeOldFormat writes files where an older version derived some.
func writeOldFormat(t *testing.T, dir string, e *entry.Entry) {
	t.Helper()
	files := map[string]string{".stratus/journal/0123": `{"rebuild":true}`}
	for _, name := range []string{
		"metadata/index.xml", "metadata/index.all.xml", "metadata/index.html", "metadata/index.json", "metadata/log.json",
		"metadata/page/0.json", "metadata/page/0.xml", "metadata/page/0.html", "metadata/" + e.Email + "/index.expired.xml",
		"metadata/" + e.Email + "/log.json", "metadata/" + e.Email + "/page/17.xml", "metadata/" + e.Created + "/index.xml",
		"metadata/" + e.Identifier + "/index.deprecated.xml", "metadata/" + e.Identifier + "/" + e.Created + "/index.html",
		"metadata/" + e.Email + "/" + e.Created + "/index.json", e.Path() + ".html", e.Path() + ".json",
		"tag/" + e.Email + "/old/log.json", "tag/" + e.Email + "/old/page/0.xml", "endorsers/index.html", "endorsers/index.json",
		"endorsers/" + e.Email + "/index.xml", "endorsers/" + e.Email + "/tags/index.xml",
		"css/marketplace.css", "css/icon.svg", "js/marketplace.js",
	} {
		files[name] = "old"
	}
	restore(t, dir, files)
}

func TestSince(t *testing.T) {
	dir := memory(t)
	f := localFiles(t, dir)
	w, r := at(f), registry.New(f)
	entries := population(t, 70)
	look := func(stamp string, whole bool, want []*entry.Entry) string {
		t.Helper()
		c, err := r.Since(t.Context(), stamp)
		must(t, err)
		var got []string
		for _, row := range c.Rows {
			got = append(got, row.Path())
		}
		slices.Reverse(got)
		if diff := cmp.Diff(paths(want...), got); diff != "" || c.Whole != whole {
			t.Errorf("whole %v (-want +got):\n%s", c.Whole, diff)
		}
		if now, err := r.Stamp(t.Context()); err != nil || now != c.Stamp {
			t.Errorf("stamp %q and %q, %v", c.Stamp, now, err)
		}
		return c.Stamp
	}
	empty := look("", true, nil)
	publish(t, w, entries[:33]...)
	one := look("", true, entries[:33])
	look(empty, true, entries[:33])
	look(one, false, nil)
	publish(t, w, entries[33:68]...)
	two := look(one, false, entries[33:68])
	must(t, os.Remove(filepath.Join(dir, registry.HeadFile)))
	look("", true, entries[:68]) // from the documents
	publish(t, w, entries[68])
	three := look(two, true, entries[:69])
	look(three, false, nil)
	look("x", true, entries[:69])
	of, _, _ := strings.Cut(three, ":")
	look(of+":99999999", true, entries[:69])
}

// TestManyPages: full pages and listings never change, and everything is found.
func TestManyPages(t *testing.T) {
	if testing.Short() {
		t.Skip("publishes several hundred entries (-short)")
	}
	dir := memory(t)
	f := localFiles(t, dir)
	w := at(f)
	var entries []*entry.Entry
	for i := range registry.PageEntries + registry.ListingEntries {
		entries = append(entries, spec{image: i / 200, second: i, tag: "web"}.entry(t))
	}
	publish(t, w, entries[:registry.PageEntries]...)
	head, err := registry.ReadHead(f)
	must(t, err)
	full := []string{head.Page(0), "tag/eve@example.org/web/index.1.xml", "tag/eve@example.org/web/index.2.xml"}
	before := tree(t, dir)
	publish(t, w, entries[registry.PageEntries:]...)
	checkComplete(t, dir, entries...)
	after := tree(t, dir)
	for _, name := range full {
		if before[name] == "" || before[name] != after[name] {
			t.Errorf("%s has changed", name)
		}
	}
	must(t, os.Remove(filepath.Join(dir, registry.HeadFile)))
	publish(t, w, spec{image: 9, second: 3000, tag: "web"}.entry(t))
	if diff := cmp.Diff(len(after)+1+1, len(tree(t, dir))); diff != "" { // a document and a listing more
		t.Errorf("made anew (-want +got):\n%s", diff)
	}
}
