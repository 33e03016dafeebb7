package api_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/marketplace/internal/api"
	"github.com/stratuslab/stratus/lib/marketplace/publishtest"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/report"
)

// behind returns a client of a plain web server.
func behind(t *testing.T, h http.Handler) *api.Marketplace {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	client, err := remote.NewHTTP(remote.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := api.New(base, client)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestPlainServer: a web server that knows nothing of Marketplaces serves the directory
// of a registry.
func TestPlainServer(t *testing.T) {
	dir := t.TempDir()
	jane, joe := entrytest.NewEndorser(t, "jane@example.org"), entrytest.NewEndorser(t, "joe+%@example.org")
	day := func(n int) time.Time { return time.Now().AddDate(0, 0, n-30).Truncate(time.Second) }
	tag := map[metadata.Term]string{metadata.Alternative: "100 %/ä"}
	retired := map[metadata.Term]string{metadata.Deprecated: "a hole"}
	old := jane.Entry(t, entrytest.Description{Content: "one", Created: day(1), Texts: tag})
	one := jane.Entry(t, entrytest.Description{Content: "one", Created: day(2), Texts: tag})
	two := jane.Entry(t, entrytest.Description{Content: "two", Created: day(3), Texts: retired})
	his := joe.Entry(t, entrytest.Description{Content: "one", Created: day(4)})
	damaged := joe.Entry(t, entrytest.Description{Content: "two", Created: day(5)})
	missing := jane.Entry(t, entrytest.Description{Content: "three", Created: day(6)})
	publishtest.Into(t, dir, old, one, two, his, damaged, missing)
	if err := os.Remove(filepath.Join(dir, missing.Path())); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, damaged.Path()), []byte("nothing"), 0o644); err != nil {
		t.Fatal(err)
	}
	m := behind(t, http.FileServer(http.Dir(dir)))
	for name, test := range map[string]struct {
		query   entry.Query
		want    []*entry.Entry
		damaged int // reported
	}{
		"an image":             {query: entry.Query{Identifier: one.Identifier}, want: []*entry.Entry{his, one}},
		"an image by somebody": {query: entry.Query{Identifier: one.Identifier, Email: one.Email}, want: []*entry.Entry{one}},
		"an entry": {
			query: entry.Query{Identifier: old.Identifier, Email: old.Email, Created: old.Created}, want: []*entry.Entry{old}},
		"a tag":                {query: entry.Query{Email: one.Email, Tag: "100 %/ä"}, want: []*entry.Entry{one}},
		"a tag that is unused": {query: entry.Query{Email: his.Email, Tag: "none"}},
		"an endorser":          {query: entry.Query{Email: one.Email}, want: []*entry.Entry{two, one}, damaged: 1},
		"a status":             {query: entry.Query{Status: entry.Deprecated}, want: []*entry.Entry{two}},
		"everything":           {query: entry.Query{}, want: []*entry.Entry{his, two, one}, damaged: 2},
		"an unknown image":     {query: entry.Query{Identifier: metadata.IdentifierOf(make([]byte, 20))}},
		"an unknown endorser":  {query: entry.Query{Email: "eve@example.org"}},
	} {
		t.Run(name, func(t *testing.T) {
			var want, got []string
			for _, e := range test.want {
				want = append(want, e.Path())
			}
			damaged := 0
			for e, err := range m.Find(t.Context(), test.query) {
				switch {
				case err == nil:
					got = append(got, e.Path())
				case report.KindOf(err) == report.BadInput:
					damaged++
				default:
					t.Error(err)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" || damaged != test.damaged {
				t.Errorf("%d damaged, want %d; found (-want +got):\n%s", damaged, test.damaged, diff)
			}
		})
	}
}

// TestNoMarketplace: a web server without a registry is no Marketplace.
func TestNoMarketplace(t *testing.T) {
	m := behind(t, http.FileServer(http.Dir(t.TempDir())))
	for e, err := range m.Find(t.Context(), entry.Query{}) {
		if report.KindOf(err) != report.Refused {
			t.Errorf("got %v, %v; want an error of kind Refused", e, err)
		}
	}
}
