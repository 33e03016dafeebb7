package server

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
)

// TestSeriesOnPages: who claims the address of somebody else replaces nothing of
// theirs, and what an endorser has said anew is listed once.
func TestSeriesOnPages(t *testing.T) {
	m := newMarket(t, t.TempDir(), DefaultLimits())
	by, eve := ada(t), ada(t)
	old := by.Entry(t, entrytest.Description{Content: "x", Created: ago(3 * time.Hour)})
	latest := by.Entry(t, entrytest.Description{Content: "x", Created: ago(2 * time.Hour)})
	claimed := eve.Entry(t, entrytest.Description{Content: "x", Created: ago(time.Hour)})
	m.publish(t, old, latest, claimed)
	for of, others := range map[*entry.Entry]map[*entry.Entry]bool{
		old: {latest: true, claimed: false}, latest: {old: true, claimed: false}, claimed: {old: false, latest: false},
	} {
		body := m.get(t, "/"+of.URLPath(), browser).body
		for other, want := range others {
			if strings.Contains(body, other.Created) != want {
				t.Errorf("the page of %s names %s: %t, want %t", of.Created, other.Created, !want, want)
			}
		}
		if strings.Contains(body, "the latest entry") != (of == old) {
			t.Errorf("the page of %s: %s", of.Created, body)
		}
	}
	keys, _ := listed(t, m.get(t, "/metadata/"+old.Identifier, typeXML))
	if diff := cmp.Diff([]string{claimed.Path(), latest.Path()}, keys); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	for _, path := range []string{"/metadata/ada@example.org", "/endorsers/ada@example.org?range=1"} {
		if body := m.get(t, path, browser).body; !strings.Contains(body, "2 images") || strings.Contains(body, old.Created) || strings.Count(body, "<tr ") != 3 {
			t.Errorf("%s: %s", path, body)
		}
	}
}
