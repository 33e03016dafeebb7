package registry

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
	slices.SortFunc(entries, func(a, b *entry.Entry) int { return newestFirst(b.Key, a.Key) })
	return entries
}

var generations = regexp.MustCompile(`"generation":"[0-9a-f]+"`)

// derived is a tree without what differs each time it is made.
func derived(t testing.TB, dir string) map[string]string {
	files := tree(t, dir)
	for name, body := range files {
		if strings.HasSuffix(name, "/log.json") {
			files[name] = generations.ReplaceAllString(body, `"generation":""`)
		}
	}
	return files
}

// TestRebuild: entries alone make the same tree as their publications, one by
// one, did.
func TestRebuild(t *testing.T) {
	both(t, func(t *testing.T, f Files, dir string) {
		entries := population(t, 72)
		r := at(f)
		publish(t, r, entries[:71]...)
		want := derived(t, dir)
		broken := map[string]func(t *testing.T){
			"log.json is lost": func(t *testing.T) { must(t, os.Remove(filepath.Join(dir, "metadata/log.json"))) },
			"log.json is not JSON": func(t *testing.T) {
				must(t, os.WriteFile(filepath.Join(dir, "metadata/log.json"), []byte("{"), 0o600))
			},
			"log.json is a lie": func(t *testing.T) {
				must(t, os.WriteFile(filepath.Join(dir, "metadata/log.json"), []byte(`{"pages":900000,"entries":900000,"last":1}`), 0o600))
			},
			"the log of an endorser is lost": func(t *testing.T) {
				must(t, os.Remove(filepath.Join(dir, "metadata", entries[71].Email, "log.json")))
			},
			"a page is lost": func(t *testing.T) { must(t, os.Remove(filepath.Join(dir, "metadata/page/2.json"))) },
			"a page is huge": func(t *testing.T) {
				must(t, os.Truncate(filepath.Join(dir, "metadata/page/2.json"), 1<<40))
			},
			"everything derived is lost": func(t *testing.T) { dropDerived(t, dir) },
		}
		if _, far := f.(*distant); far { // slower, and which damage it is makes no difference there
			broken = map[string]func(t *testing.T){"everything derived is lost": broken["everything derived is lost"]}
		}
		var after map[string]string
		for name, damage := range broken {
			t.Run(name, func(t *testing.T) {
				if after != nil { // start from a good tree with 71 entries
					empty(t, dir)
					restore(t, dir, want)
				}
				damage(t)
				publish(t, r, entries[71])
				checkComplete(t, dir, entries...)
				got := derived(t, dir)
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
		if diff := cmp.Diff(derived(t, dir), after); diff != "" {
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

func TestSince(t *testing.T) {
	dir := memory(t)
	r := at(localFiles(t, dir))
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
	publish(t, r, entries[:33]...)
	one := look("", true, entries[:33])
	look(empty, true, entries[:33])
	look(one, false, nil)
	publish(t, r, entries[33:69]...)
	two := look(one, false, entries[33:69])
	must(t, os.Remove(filepath.Join(dir, "metadata/log.json")))
	publish(t, r, entries[69])
	three := look(two, true, entries)
	look(three, false, nil)
	look("x", true, entries)
	look(generation(three)+":99999999", true, entries)
}
