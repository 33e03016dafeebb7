package publish

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/registry"
)

// life is what happens to a few images, in order.
func life(t testing.TB) (old, first, other, moved, gone, expired, alien *entry.Entry) {
	t.Helper()
	old = spec{image: 1, at: 0, tag: "stable"}.entry(t)
	first = spec{image: 1, at: 1, tag: "stable"}.entry(t)
	other = spec{image: 2, at: 2, tag: "stable"}.entry(t)
	moved = spec{image: 2, at: 3, tag: "new &amp; shiny/1"}.entry(t)
	gone = spec{image: 3, at: 4, tag: "stable", deprecated: "security"}.entry(t)
	expired = spec{image: 4, at: 5, valid: "2026-11-23T11:30:00Z"}.entry(t)
	alien = spec{image: 1, at: 6, email: "100%+a@example.com", tag: "stable"}.entry(t)
	return old, first, other, moved, gone, expired, alien
}

func TestPublishAndFind(t *testing.T) {
	both(t, func(t *testing.T, f files, dir string) {
		r := at(f)
		if got := found(t, f, entry.Query{}); got != nil {
			t.Errorf("found in no registry: %v", got)
		}
		old, first, other, moved, gone, expired, alien := life(t)
		all := []*entry.Entry{old, first, other, moved, gone, expired, alien}
		publish(t, r, all...)
		checkComplete(t, dir, all...)
		const eve = "eve@example.org"
		tests := map[string]struct {
			q    entry.Query
			want []*entry.Entry
		}{
			"everything":         {entry.Query{}, []*entry.Entry{alien, expired, gone, moved, first}},
			"valid":              {entry.Query{Status: entry.Valid}, []*entry.Entry{alien, moved, first}},
			"expired":            {entry.Query{Status: entry.Expired}, []*entry.Entry{expired}},
			"deprecated":         {entry.Query{Status: entry.Deprecated}, []*entry.Entry{gone}},
			"image":              {entry.Query{Identifier: old.Identifier}, []*entry.Entry{alien, first}},
			"image and endorser": {entry.Query{Identifier: old.Identifier, Email: eve}, []*entry.Entry{first}},
			"one entry":          {entry.Query{Identifier: old.Identifier, Email: eve, Created: old.Created}, []*entry.Entry{old}},
			"image and time":     {entry.Query{Identifier: old.Identifier, Created: old.Created}, []*entry.Entry{old}},
			"time":               {entry.Query{Created: old.Created}, []*entry.Entry{old}},
			"endorser":           {entry.Query{Email: eve}, []*entry.Entry{expired, gone, moved, first}},
			"tag":                {entry.Query{Email: eve, Tag: "stable"}, []*entry.Entry{gone, first}},
			"odd tag":            {entry.Query{Email: eve, Tag: "new & shiny/1"}, []*entry.Entry{moved}},
			"tag of anybody":     {entry.Query{Tag: "stable"}, []*entry.Entry{alien, gone, first}},
			"function": {entry.Query{Where: func(s entry.Summary) bool { return s.Title == "Image 4" }},
				[]*entry.Entry{expired}},
			"unknown tag":            {entry.Query{Email: eve, Tag: "none"}, nil},
			"unknown endorser":       {entry.Query{Email: "nobody@example.org"}, nil},
			"no address":             {entry.Query{Email: "../../etc"}, nil},
			"no identifier":          {entry.Query{Identifier: "../.."}, nil},
			"image, but no address":  {entry.Query{Identifier: old.Identifier, Email: "../x"}, nil},
			"image at no time of it": {entry.Query{Identifier: old.Identifier, Created: other.Created}, nil},
		}
		for name, test := range tests {
			if diff := cmp.Diff(paths(test.want...), found(t, f, test.q)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		for e, err := range registry.New(f).Find(t.Context(), entry.Query{}) {
			if err != nil || e.Path() != alien.Path() {
				t.Errorf("the first is %+v, %v", e, err)
			}
			break
		}
	})
}

// TestFilesOfATree looks at files as a web server sends them.
func TestFilesOfATree(t *testing.T) {
	dir := memory(t)
	w := at(localFiles(t, dir))
	old, first, other, moved, gone, expired, alien := life(t)
	publish(t, w, old, first, other, moved, gone, expired, alien)
	for name, want := range map[string][]*entry.Entry{
		"metadata/" + old.Identifier:            {alien, first, old},
		"metadata/" + moved.Identifier:          {moved, other},
		"metadata/" + gone.Identifier:           {gone},
		"tag/eve@example.org/stable":            {gone, moved, other, first, old}, // moved takes it from other
		"tag/eve@example.org/new & shiny%2F1":   {moved},
		"tag/" + alien.Email + "/stable":        {alien},
		"tag/eve@example.org/of a tag not used": nil,
	} {
		if diff := cmp.Diff(paths(want...), listedIn(t, dir, name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for name, want := range map[string]string{
		"feed.atom":       "/100%25+a@example.com/",
		"index.html":      "Image 2",
		"marketplace.css": "{",
		"marketplace.js":  "log/head.json",
		"log/head.json":   `"entries":7`,
		old.Path():        old.Identifier,
	} {
		if body, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !strings.Contains(string(body), want) {
			t.Errorf("%s: %v, want %q in\n%s", name, err, want, body)
		}
	}
}

// TestFewFiles: the publication of one tagged entry into an empty directory writes at
// most ten files, and one that follows no more.
func TestFewFiles(t *testing.T) {
	dir := memory(t)
	f := &created{files: localFiles(t, dir)}
	w := at(f)
	for i := range 3 {
		publish(t, w, spec{image: 1, at: i, tag: "web"}.entry(t))
		if n := f.n.Swap(0); n > 10 {
			t.Errorf("publication %d writes %d files, want at most 10", i, n)
		}
	}
	var names []string
	for name := range tree(t, dir) {
		names = append(names, name)
	}
	if len(names) > 12 { // with the three documents
		t.Errorf("%d files: %q", len(names), names)
	}
}

// TestMostFiles: no publication writes more than ten files, though everything is full
// at once, the listings of its image, of its tag and of the tag that it replaces, and
// the newest page of the log, and the style and the script are of another version. What
// has to wait is done by the next publications.
func TestMostFiles(t *testing.T) {
	dir := memory(t)
	var specs []spec
	for i := range registry.ListingEntries - 1 {
		specs = append(specs, spec{image: 1, second: i})
	}
	for i := range registry.TagEntries {
		specs = append(specs, spec{image: 1000 + i, tag: "new"})
	}
	for i := range registry.TagEntries - 1 {
		specs = append(specs, spec{image: 2000 + i, tag: "old"})
	}
	for i := len(specs) + 1; i < registry.PageEntries; i++ {
		specs = append(specs, spec{image: 3000 + i})
	}
	documents := make(map[string]string)
	var all []*entry.Entry
	for _, s := range specs {
		e := s.entry(t)
		documents[e.Path()] = string(e.Source)
		all = append(all, e)
	}
	restore(t, dir, documents)
	f := &created{files: localFiles(t, dir)}
	w := at(f)
	last := spec{image: 1, at: 30, tag: "old"}.entry(t)
	publish(t, w, last) // makes the listings
	all = append(all, last)
	restore(t, dir, map[string]string{"marketplace.css": "another", "marketplace.js": "another"})
	older := func(dir string) string { return registry.ListingFile(dir, 1) }
	for i, step := range []struct {
		tag     string
		files   int
		waiting []string // and done now
	}{
		// The lock, the document, three listings, the page and the head of the log, the
		// feed, the static page, and the script.
		{"new", 10, []string{"marketplace.js"}},
		// Two listings, the style, and an older file of the first listing.
		{"new", 10, []string{"marketplace.css", older("metadata/" + last.Identifier)}},
		// Three listings, and an older file of the second one.
		{"old", 10, []string{older("tag/eve@example.org/old")}},
		{"new", 10, []string{older("tag/eve@example.org/new")}},
		{"new", 8, nil},
	} {
		f.n.Store(0)
		before := tree(t, dir)
		e := spec{image: 1, at: 40 + i, tag: step.tag}.entry(t)
		publish(t, w, e)
		all = append(all, e)
		if n := f.n.Load(); n != int64(step.files) {
			t.Errorf("publication %d writes %d files, want %d", i, n, step.files)
		}
		after := tree(t, dir)
		for _, name := range step.waiting {
			if after[name] == before[name] {
				t.Errorf("publication %d does not write %s", i, name)
			}
		}
	}
	for _, name := range []string{"marketplace.css", "marketplace.js"} {
		want, err := Static(name)
		must(t, err)
		if tree(t, dir)[name] != string(want) {
			t.Errorf("%s is another one", name)
		}
	}
	if h, err := registry.ReadHead(f); err != nil || h.Pages != 2 {
		t.Errorf("%d pages of the log, %v; want 2", h.Pages, err)
	}
	checkComplete(t, dir, all...)
}

// created counts the files that are written.
type created struct {
	files
	n atomic.Int64
}

func (c *created) Create(name string, body []byte, lasting bool) error {
	c.n.Add(1)
	return c.files.Create(name, body, lasting)
}

func TestPublishAgain(t *testing.T) {
	both(t, func(t *testing.T, f files, dir string) {
		r := at(f)
		first, second := spec{image: 1, at: 1}.entry(t), spec{image: 1, at: 2}.entry(t)
		publish(t, r, first, second)
		before := tree(t, dir)
		for _, e := range []*entry.Entry{first, second} {
			if _, existed, err := r.Publish(t.Context(), e); !existed || err != nil {
				t.Errorf("existed %v, %v", existed, err)
			}
		}
		for name, s := range map[string]spec{
			"older than latest": {image: 1, at: 0},
			"dated in the fut":  {image: 1, at: 66},
			"older than latest entry: got " + second.Created: {image: 1, at: 2, comment: "differs"},
		} {
			_, _, err := r.Publish(t.Context(), s.entry(t))
			var not *entry.NotAdmitted
			if !errors.As(err, &not) || !strings.Contains(err.Error(), name) {
				t.Errorf("got %v, want %s", err, name)
			}
		}
		if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
			t.Errorf("changed (-before +after):\n%s", diff)
		}
		if src, err := registry.New(f).Read(t.Context(), first.Key); err != nil || string(src) != string(first.Source) {
			t.Errorf("read %d bytes, %v", len(src), err)
		}
		checkComplete(t, dir, first, second)
	})
}

// TestUnlisted: what somebody copied into the tree is listed when it is
// published.
func TestUnlisted(t *testing.T) {
	dir := t.TempDir()
	r := at(localFiles(t, dir))
	old, middle, last := spec{image: 1, at: 1}.entry(t), spec{image: 1, at: 2}.entry(t), spec{image: 2, at: 3}.entry(t)
	publish(t, r, middle)
	for _, e := range []*entry.Entry{last, old} { // the newest of its image, and another
		path := filepath.Join(dir, e.Path())
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, e.Source, 0o644))
		if _, existed, err := r.Publish(t.Context(), e); !existed || err != nil {
			t.Errorf("existed %v, %v", existed, err)
		}
	}
	checkComplete(t, dir, old, middle, last)
}

func TestCancelled(t *testing.T) {
	dir := memory(t)
	r := at(localFiles(t, dir))
	publish(t, r, spec{image: 1}.entry(t))
	before := tree(t, dir)
	for step := 1; ; step++ {
		ctx, cancel := context.WithCancel(t.Context())
		r.files = &counting{files: localFiles(t, dir), at: int64(step), do: func() { cancel() }}
		_, _, err := r.Publish(ctx, spec{image: 2, at: 2}.entry(t))
		cancel()
		if err == nil {
			break // from here on it finishes
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("step %d: %v", step, err)
		}
		if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
			t.Fatalf("step %d changed (-before +after):\n%s", step, diff)
		}
	}
	reader := registry.New(localFiles(t, dir))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := reader.Read(ctx, entry.Key{}); !errors.Is(err, context.Canceled) {
		t.Errorf("reading: %v", err)
	}
	for _, err := range reader.Find(ctx, entry.Query{}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("finding: %v", err)
		}
	}
}
