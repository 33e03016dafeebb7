package scripts_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/marketplace/publish"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/remote/sshdtest"
)

// TestPlaces: every kind of place behaves in the same way.
func TestPlaces(t *testing.T) {
	sshd := sshdtest.Start(t)
	for name, open := range map[string]func(t *testing.T) string{
		"directory": func(t *testing.T) string { return filepath.Join(t.TempDir(), "tree") },
		"file URL":  func(t *testing.T) string { return "file://" + t.TempDir() },
		"sftp":      func(t *testing.T) string { return sshd.URL(t.TempDir() + "/deep/tree") },
		"http":      func(t *testing.T) string { return startMarketplace(t, t.TempDir()) },
	} {
		t.Run(name, func(t *testing.T) {
			at := open(t)
			finder, err := marketplace.Open(t.Context(), at, sshd.Options())
			if err != nil {
				t.Fatal(err)
			}
			publisher, err := publish.Open(t.Context(), at, sshd.Options())
			if err != nil {
				t.Fatal(err)
			}
			testPlace(t, finder, publisher)
			if err := errors.Join(finder.Close(), publisher.Close()); err != nil {
				t.Error(err)
			}
		})
	}
}

type texts = map[metadata.Term]string

// testPlace publishes a history, and looks for it.
func testPlace(t *testing.T, finder marketplace.Finder, publisher publish.Publisher) {
	jane, joe := entrytest.NewEndorser(t, "jane@example.org"), entrytest.NewEndorser(t, "joe%+x@example.org")
	hour := func(n int) time.Time { return time.Now().Add(time.Duration(n-24) * time.Hour) }
	web1 := jane.Entry(
		t,
		entrytest.Description{
			Content: "web 1",
			Created: hour(1),
			Texts:   texts{metadata.Title: "first", metadata.Alternative: "web/ä"},
		},
	)
	web2 := jane.Entry(
		t,
		entrytest.Description{
			Content: "web 2",
			Created: hour(2),
			Texts:   texts{metadata.Title: "second", metadata.Alternative: "web/ä"},
		},
	)
	retired := jane.Entry(
		t,
		entrytest.Description{
			Content: "web 2",
			Created: hour(3),
			Texts:   texts{metadata.Alternative: "web/ä", metadata.Deprecated: "a hole"},
		},
	)
	joes := joe.Entry(t, entrytest.Description{Content: "web 1", Created: hour(4), Texts: texts{metadata.Title: "his"}})
	old := joe.Entry(t, entrytest.Description{Content: "old", Created: hour(5), Valid: hour(6)})

	register := func(e *entry.Entry, existed bool) {
		t.Helper()
		got, err := publisher.Publish(t.Context(), e)
		if diff := cmp.Diff(entry.Receipt{URL: finder.URL(e.Key), Existed: existed}, got); diff != "" || err != nil {
			t.Errorf("%v, receipt (-want +got):\n%s", err, diff)
		}
	}
	find := func(q entry.Query, want ...*entry.Entry) {
		t.Helper()
		var got, wanted []string
		sources := make(map[string][]byte)
		for _, e := range want {
			wanted = append(wanted, e.Path())
			sources[e.Path()] = embeddable(t, e)
		}
		for e, err := range finder.Find(t.Context(), q) {
			if err != nil {
				t.Error(err)
				continue
			}
			got = append(got, e.Path())
			if src, ok := sources[e.Path()]; ok && !bytes.Equal(src, embeddable(t, e)) {
				t.Errorf("%q has other bytes than were published", e.Path())
			}
		}
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", q, diff)
		}
	}

	tagged := func(want *entry.Entry) {
		t.Helper()
		for e, err := range finder.Find(t.Context(), entry.Query{Email: want.Email, Tag: "web/ä", Status: entry.Valid}) {
			if err != nil || e.Key != want.Key {
				t.Errorf("the newest with the tag: %v, %v, want %q", e, err, want.Path())
			}
			return
		}
		t.Errorf("nothing has the tag, want %q", want.Path())
	}

	for _, err := range finder.Find(t.Context(), entry.Query{}) {
		if !errors.Is(err, marketplace.ErrNothing) {
			t.Errorf("before the first publication: %v", err)
		}
	}
	register(web1, false)
	register(web2, false)
	register(web1, true)
	tagged(web2)
	register(retired, false)
	tagged(web1)
	register(joes, false)
	register(old, false)

	_, err := publisher.Publish(
		t.Context(),
		jane.Entry(t, entrytest.Description{Content: "web 2", Created: hour(2).Add(time.Minute)}),
	)
	var not *entry.NotAdmitted
	var answer *marketplace.Answer
	if !errors.As(err, &not) && !errors.As(err, &answer) || !strings.Contains(err.Error(), "older than latest entry") {
		t.Errorf("older than the latest: %v", err)
	}

	find(entry.Query{}, old, joes, retired, web1)
	find(entry.Query{Status: entry.Valid}, joes, web1)
	find(entry.Query{Status: entry.Expired}, old)
	find(entry.Query{Status: entry.Deprecated}, retired)
	find(entry.Query{Identifier: web1.Identifier}, joes, web1)
	find(entry.Query{Identifier: web2.Identifier}, retired)
	find(entry.Query{Identifier: web2.Identifier, Email: web2.Email, Created: web2.Created}, web2)
	find(entry.Query{Email: joes.Email}, old, joes)
	find(entry.Query{Email: joes.Email, Status: entry.Valid}, joes)
	find(entry.Query{Email: web1.Email, Tag: "web"})
	find(entry.Query{Where: func(s entry.Summary) bool { return s.Title == "his" }}, joes)
}

// embeddable is a document without what is around its root element, which a
// listing leaves out.
func embeddable(t *testing.T, e *entry.Entry) []byte {
	t.Helper()
	src, err := entry.Embeddable(e.Source)
	if err != nil {
		t.Fatal(err)
	}
	return src
}
