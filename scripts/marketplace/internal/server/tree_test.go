package server

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTreeChanges: whatever happens to the tree behind the server, it shows it.
func TestTreeChanges(t *testing.T) {
	m := newMarket(t, t.TempDir(), DefaultLimits())
	by := ada(t)
	count := func() int {
		found, _, _ := titles(t, m.get(t, "/metadata?iDisplayLength=-1", typeJSON))
		return len(found)
	}
	for n := range 34 { // more than a page of the registry
		m.publish(t, described(t, by, fmt.Sprint(n), 100-n, nil))
		if got := count(); got != n+1 {
			t.Fatalf("after %d entries: %d", n+1, got)
		}
	}
	// A log that is broken is made anew by the next publication; until then the
	// documents are read.
	head := filepath.Join(m.dir, "log", "head.json")
	if err := os.WriteFile(head, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := count(); got != 34 {
		t.Errorf("with a broken log: %d", got)
	}
	fresh := newMarket(t, m.dir, DefaultLimits())
	if keys, _ := listed(t, fresh.get(t, "/metadata", typeXML)); len(keys) != 34 {
		t.Errorf("a new server with a broken log: %d", len(keys))
	}
	// An entry that was put there without being listed comes to light, too.
	hidden := described(t, by, "hidden", 50, nil)
	if err := os.MkdirAll(filepath.Dir(filepath.Join(m.dir, hidden.Path())), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(m.dir, hidden.Path()), hidden.Source, 0o644); err != nil {
		t.Fatal(err)
	}
	m.publish(t, described(t, by, "last", 0, nil))
	if got := count(); got != 36 {
		t.Errorf("made anew: %d, want 36", got)
	}
}

// TestUnreadable: a server that knows nothing does not answer for a directory that it
// cannot read.
func TestUnreadable(t *testing.T) {
	m := newMarket(t, filepath.Join(t.TempDir(), "tree"), DefaultLimits())
	if err := os.WriteFile(m.dir, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := m.get(t, "/metadata", typeJSON); got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Errorf("got %d %q, want 503", got.status, got.body)
	}
	if !strings.Contains(m.log.String(), "warning ") {
		t.Errorf("nothing is reported: %s", m.log)
	}
}

func TestHostileTree(t *testing.T) {
	m := newMarket(t, t.TempDir(), DefaultLimits())
	by := ada(t)
	good, other := described(t, by, "good", 2, nil), described(t, by, "other", 1, nil)
	m.publish(t, good, other)
	if err := os.WriteFile(filepath.Join(m.dir, good.Path()), other.Source, 0o644); err != nil { // swapped
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(m.dir, "secret"), []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	page := m.get(t, "/"+good.URLPath(), browser)
	hides := strings.Contains(page.body, "the signed document is") && !strings.Contains(page.body, "signature verified")
	if page.status != 200 || !hides {
		t.Errorf("the page of a swapped entry: %d %s", page.status, page.body)
	}
	if got := m.get(t, "/"+good.URLPath(), typeJSON); got.status != 500 || strings.Contains(got.body, other.Identifier) {
		t.Errorf("JSON of a swapped entry: %d %s", got.status, got.body)
	}
	if err := os.Remove(filepath.Join(m.dir, good.Path())); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(m.dir, "secret"), filepath.Join(m.dir, good.Path())); err != nil {
		t.Fatal(err)
	}
	if got := m.get(t, "/"+good.URLPath(), ""); got.status == 200 || strings.Contains(got.body, "secret") {
		t.Errorf("an entry that is a link: %d %q", got.status, got.body)
	}
	if keys, _ := listed(t, m.get(t, "/metadata", typeXML)); !slices.Equal(keys, []string{other.Path()}) {
		t.Errorf("listed: %q", keys)
	}
}
