package publish

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/marketplace/registry"
	"github.com/stratuslab/stratus/lib/metadata"
)

// TestHostileTree: what does not belong into a tree is refused or not seen, and
// hides nothing else.
func TestHostileTree(t *testing.T) {
	both(t, func(t *testing.T, f files, dir string) {
		r := at(f)
		good, other := spec{image: 1}.entry(t), spec{image: 2, at: 1}.entry(t)
		publish(t, r, good, other)
		image := filepath.Join(dir, "metadata", good.Identifier)
		put := func(path string, body []byte) {
			must(t, os.MkdirAll(filepath.Dir(path), 0o755))
			must(t, os.WriteFile(path, body, 0o600))
		}
		// Not seen.
		put(filepath.Join(image, "no address", good.Created), good.Source)
		put(filepath.Join(image, "file@example.org"), nil)
		put(filepath.Join(image, good.Email, "yesterday"), good.Source)
		put(filepath.Join(dir, "metadata", "no identifier", good.Email, good.Created), good.Source)
		must(t, os.Symlink("/etc", filepath.Join(image, "link@example.org")))
		// Refused.
		const time = "2026-11-23T11:59:00Z"
		bad := map[string]func(path string){
			"identifier@example.org": func(path string) { put(path, other.Source) },
			"email@example.org":      func(path string) { put(path, good.Source) },
			"empty@example.org":      func(path string) { put(path, nil) },
			"huge@example.org":       func(path string) { put(path, nil); must(t, os.Truncate(path, 1<<40)) },
			"dir@example.org":        func(path string) { must(t, os.MkdirAll(path, 0o755)) },
			"passwd@example.org": func(path string) {
				put(path, nil)
				must(t, os.Remove(path))
				must(t, os.Symlink("/etc/passwd", path))
			},
			"pipe@example.org": func(path string) { put(path, nil); must(t, os.Remove(path)); must(t, syscall.Mkfifo(path, 0o600)) },
		}
		var want []string
		for email, do := range bad {
			do(filepath.Join(image, email, time))
			want = append(want, email)
		}
		var got, refused []string
		for e, err := range registry.New(f).Find(t.Context(), entry.Query{Identifier: good.Identifier}) {
			switch {
			case err == nil:
				got = append(got, e.Path())
			case errors.Is(err, entry.ErrInvalid):
				_, rest, _ := strings.Cut(err.Error(), good.Identifier+"/")
				email, _, _ := strings.Cut(rest, "/")
				refused = append(refused, email)
			default:
				t.Error(err)
			}
		}
		slices.Sort(want)
		slices.Sort(refused)
		if diff := cmp.Diff([][]string{paths(good), want}, [][]string{got, refused}); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		// None of it gets into the lists, nor stops them from being made.
		must(t, os.Remove(filepath.Join(dir, registry.HeadFile)))
		third := spec{image: 3, at: 2}.entry(t)
		publish(t, r, third)
		if diff := cmp.Diff(paths(third, other, good), found(t, f, entry.Query{})); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestHostileLog: what a log claims is looked at, and one that is broken hides nothing.
func TestHostileLog(t *testing.T) {
	dir := memory(t)
	f := localFiles(t, dir)
	good := spec{image: 1}.entry(t)
	publish(t, at(f), good)
	head, err := registry.ReadHead(f)
	must(t, err)
	page := filepath.Join(dir, head.Page(0))
	sound, err := os.ReadFile(page)
	must(t, err)
	tests := map[string]struct{ page, broken, report string }{
		"not JSON":          {page: "{", broken: "unexpected end"},
		"no entries":        {page: "[]", broken: "0 entries"},
		"a path":            {page: `[{"identifier":"../../x"}]`, broken: `identifier: "../../x"`},
		"an address":        {page: strings.Replace(string(sound), good.Email, "../..", 1), broken: `e-mail address: "../.."`},
		"too many":          {page: "[" + strings.Repeat("{},", registry.PageEntries) + "{}]", broken: "257 entries"},
		"what is not there": {page: strings.Replace(string(sound), good.Created, "2020-01-01T00:00:00Z", 1), report: "no such file"},
		"another signer": {page: strings.Replace(string(sound), `"fingerprint":"`, `"fingerprint":"0`, 1),
			report: "another certificate"},
		"another title": {page: strings.Replace(string(sound), "Image 1", "Image 9", 1)},
		"a field more":  {page: strings.Replace(string(sound), "{", `{"x":1,`, 1)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			must(t, os.WriteFile(page, []byte(test.page), 0o600))
			_, err := registry.ReadPage(f, head, 0)
			if test.broken != "" && (!errors.Is(err, registry.ErrBroken) || !strings.Contains(err.Error(), test.broken)) {
				t.Errorf("got %v, want %q", err, test.broken)
			}
			var titles, reports []string
			for e, err := range registry.New(f).Find(t.Context(), entry.Query{}) {
				if err != nil {
					reports = append(reports, err.Error())
				} else {
					titles = append(titles, e.Summary().Title)
				}
			}
			if test.report != "" {
				if len(titles) > 0 || len(reports) != 1 || !strings.Contains(reports[0], test.report) {
					t.Errorf("found %q, reported %q; want %q", titles, reports, test.report)
				}
			} else if diff := cmp.Diff([]string{"Image 1"}, titles); diff != "" || len(reports) > 0 {
				t.Errorf("reported %q, found (-want +got):\n%s", reports, diff)
			}
		})
	}
}

// TestNamesOfTheFuture: a damaged entry is reported, and its elders count: neither junk
// under a valid name nor a directory keeps an entry out.
func TestNamesOfTheFuture(t *testing.T) {
	both(t, func(t *testing.T, f files, dir string) {
		w := at(f)
		first, second, third := spec{image: 1}.entry(t), spec{image: 1, at: 1}.entry(t), spec{image: 1, at: 2}.entry(t)
		publish(t, w, first)
		of := filepath.Join(dir, entry.Root, first.Identifier, first.Email)
		must(t, os.Mkdir(filepath.Join(of, "9999-12-31T23:59:59Z"), 0o755))
		must(t, os.WriteFile(filepath.Join(of, "9999-12-31T23:59:58Z"), first.Source, 0o600))
		must(t, os.WriteFile(filepath.Join(of, "99999-99-99T99:99:99Z"), nil, 0o600))
		must(t, os.WriteFile(filepath.Join(of, second.Created), []byte("junk"), 0o600)) // where it belongs itself
		key, _, err := w.Publish(t.Context(), second)
		if err != nil || key.Variant == "" || key.Created != second.Created {
			t.Errorf("at %s, %v", key.Path(), err)
		}
		publish(t, w, third)
		must(t, os.WriteFile(filepath.Join(dir, third.Path()), []byte("damaged"), 0o600))
		var got []string
		reports := 0
		for e, err := range registry.New(f).Find(t.Context(), entry.Query{Identifier: first.Identifier}) {
			if errors.Is(err, entry.ErrInvalid) {
				reports++
				continue
			}
			must(t, err)
			got = append(got, e.Path())
		}
		if diff := cmp.Diff([]string{key.Path()}, got); diff != "" || reports != 4 {
			t.Errorf("%d reports (-want +got):\n%s", reports, diff)
		}
		got = nil
		for e, err := range registry.New(f).Find(t.Context(), entry.Query{}) { // by the log
			if err == nil {
				got = append(got, e.Path())
			}
		}
		if diff := cmp.Diff([]string{key.Path()}, got); diff != "" {
			t.Errorf("by the log (-want +got):\n%s", diff)
		}
	})
}

// FuzzPage: a page is refused or has keys that are valid.
func FuzzPage(f *testing.F) {
	f.Add([]byte("[]"), []byte(`{"pages":1,"entries":1,"last":1,"generation":"1"}`))
	f.Add([]byte(`[{"identifier":"J7M1U1pZuOJOcq_d7bypZorP2KY","email":"a@b","created":"2020-01-01T00:00:00Z","bytes":-1}]`),
		[]byte(`{"pages":-1}`))
	dir := f.TempDir()
	must(f, os.MkdirAll(filepath.Join(dir, "log/1"), 0o755))
	f.Fuzz(func(t *testing.T, page, log []byte) {
		must(t, os.WriteFile(filepath.Join(dir, "log/1/0.json"), page, 0o600))
		must(t, os.WriteFile(filepath.Join(dir, registry.HeadFile), log, 0o600))
		tree := localFiles(t, dir)
		head, err := registry.ReadHead(tree)
		if err != nil {
			return
		}
		rows, err := registry.ReadPage(tree, head, 0)
		if err != nil {
			return
		}
		for _, s := range rows {
			if _, err := entry.ParsePath(s.Path()); err != nil {
				t.Error(err)
			}
		}
		if len(rows) > registry.PageEntries {
			t.Fatal("more than a page has")
		}
	})
}

// TestManyElements: sound documents of very many elements keep no other out of the
// listing of their image, nor of that of their tag.
func TestManyElements(t *testing.T) {
	dir := t.TempDir()
	f := localFiles(t, dir)
	var all []*entry.Entry
	for i := range 6 {
		by := entrytest.NewEndorser(t, "eve@example.org")
		all = append(all, by.Entry(t, entrytest.Description{
			Content: "image", Created: now.Add(time.Duration(i-60) * time.Minute), Elements: 18_000 * min(1, 5-i),
			Texts: map[metadata.Term]string{metadata.Alternative: "web"},
		}))
	}
	publish(t, at(f), all...)
	want := paths(all...)
	slices.Reverse(want)
	q := entry.Query{Identifier: all[0].Identifier}
	for range 2 { // as they were published, and made anew
		for _, q := range []entry.Query{q, {Email: all[0].Email, Tag: "web"}} {
			var got []string
			for e, err := range registry.FindListed(t.Context(), f, q) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, e.Path())
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
		must(t, os.Remove(filepath.Join(dir, registry.HeadFile)))
		if _, existed, err := at(f).Publish(t.Context(), all[5]); err != nil || !existed {
			t.Errorf("%t, %v", existed, err)
		}
	}
}

// TestFilesOfManyElements: if no two documents fit into a file of a listing, none of the
// older files can wait, and there are twelve files: bounding the elements that a reader
// takes, and losing no document, count more.
func TestFilesOfManyElements(t *testing.T) {
	f := &created{files: localFiles(t, t.TempDir())}
	w := at(f)
	by := entrytest.NewEndorser(t, "eve@example.org")
	publishTagged := func(content, tag string, minutes int) {
		publish(t, w, by.Entry(t, entrytest.Description{
			Content: content, Created: now.Add(time.Duration(minutes-60) * time.Minute), Elements: 18_000,
			Texts: map[metadata.Term]string{metadata.Alternative: tag},
		}))
	}
	publishTagged("another image", "new", 0)
	publishTagged("image", "old", 1)
	f.n.Store(0)
	publishTagged("image", "new", 2)
	if n := f.n.Load(); n != 12 {
		t.Errorf("%d files are written, want 12", n)
	}
}
