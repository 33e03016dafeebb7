package registry

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// TestHostileTree: what does not belong into a tree is refused or not seen, and
// hides nothing else.
func TestHostileTree(t *testing.T) {
	both(t, func(t *testing.T, f Files, dir string) {
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
			"passwd@example.org":     func(path string) { put(path, nil); must(t, os.Remove(path)); must(t, os.Symlink("/etc/passwd", path)) },
			"pipe@example.org":       func(path string) { put(path, nil); must(t, os.Remove(path)); must(t, syscall.Mkfifo(path, 0o600)) },
		}
		var want []string
		for email, do := range bad {
			do(filepath.Join(image, email, time))
			want = append(want, email)
		}
		var got, refused []string
		for e, err := range r.Find(t.Context(), entry.Query{Identifier: good.Identifier}) {
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
		must(t, os.Remove(filepath.Join(dir, "metadata/log.json")))
		third := spec{image: 3, at: 2}.entry(t)
		publish(t, r, third)
		if diff := cmp.Diff(paths(third, other, good), found(t, r, entry.Query{})); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestHostileLists: lists that are broken are an error to whoever reads them,
// and what they claim is looked at.
func TestHostileLists(t *testing.T) {
	dir := t.TempDir()
	r := at(localFiles(t, dir))
	good := spec{image: 1}.entry(t)
	publish(t, r, good)
	page := filepath.Join(dir, "metadata/page/0.json")
	sound, err := os.ReadFile(page)
	must(t, err)
	tests := map[string]struct{ page, want string }{
		"not JSON":           {"{", "unexpected end"},
		"no entries":         {"[]", "0 entries"},
		"a path":             {`[{"identifier":"../../x"}]`, `identifier "../../x"`},
		"an address":         {strings.Replace(string(sound), good.Email, "../..", 1), `e-mail address "../.."`},
		"what is not there":  {strings.Replace(string(sound), good.Created, "2020-01-01T00:00:00Z", 1), "no such file"},
		"too many":           {"[" + strings.Repeat("{},", pageEntries) + "{}]", "33 entries"},
		"what it is not":     {strings.Replace(string(sound), "Image 1", "Image 9", 1), ""},
		"more than is known": {strings.Replace(string(sound), "{", `{"x":1,`, 1), ""},
	}
	for name, test := range tests {
		must(t, os.Remove(page))
		must(t, os.WriteFile(page, []byte(test.page), 0o600))
		var got error
		for e, err := range r.Find(t.Context(), entry.Query{}) {
			if err == nil && e.Summary().Title != "Image 1" {
				t.Errorf("%s: found %q", name, e.Summary().Title)
			}
			got = err
		}
		if test.want == "" && got != nil || test.want != "" && (got == nil || !strings.Contains(got.Error(), test.want)) {
			t.Errorf("%s: got %v, want %q", name, got, test.want)
		}
	}
}

func TestTagDir(t *testing.T) {
	for tag, want := range map[string]string{
		"":                       "",
		"latest":                 "tag/a@b/latest",
		"24.04 LTS é":            "tag/a@b/24.04 LTS é",
		"..":                     "tag/a@b/%2E.",
		".hidden":                "tag/a@b/%2Ehidden",
		"../../etc":              "tag/a@b/%2E.%2F..%2Fetc",
		"a/b":                    "tag/a@b/a%2Fb",
		"100%2F":                 "tag/a@b/100%252F",
		"a\nb\x00":               "tag/a@b/a%0Ab%00",
		strings.Repeat("x", 200): "tag/a@b/" + strings.Repeat("x", 200),
		strings.Repeat("x", 201): "",
		strings.Repeat("/", 67):  "",
	} {
		if got := tagDir("a@b", tag); got != want {
			t.Errorf("%q: got %q, want %q", tag, got, want)
		}
	}
}

// FuzzPage: a page is refused or has keys that are well-formed.
func FuzzPage(f *testing.F) {
	f.Add([]byte("[]"), []byte(`{"pages":1,"entries":1,"last":1,"generation":"x"}`))
	f.Add([]byte(`[{"identifier":"J7M1U1pZuOJOcq_d7bypZorP2KY","email":"a@b","created":"2020-01-01T00:00:00Z","bytes":-1}]`), []byte(`{"pages":-1}`))
	dir := f.TempDir()
	must(f, os.MkdirAll(filepath.Join(dir, "metadata/page"), 0o755))
	f.Fuzz(func(t *testing.T, page, log []byte) {
		must(t, os.WriteFile(filepath.Join(dir, "metadata/page/0.json"), page, 0o600))
		must(t, os.WriteFile(filepath.Join(dir, "metadata/log.json"), log, 0o600))
		r := at(localFiles(t, dir))
		n := 0
		for s, err := range r.Summaries(t.Context()) {
			if err != nil {
				break
			}
			if _, err := entry.ParsePath(s.Path()); err != nil {
				t.Error(err)
			}
			if n++; n > pageEntries {
				t.Fatal("more than a page has")
			}
		}
	})
}
