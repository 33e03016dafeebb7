package server

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
)

// TestSeriesOnPages: an entry by another certificate that claims the same address
// replaces nothing, and of a series only the newest entry is listed.
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
	table := m.get(t, "/metadata/ada@example.org", typeJSON)
	if found, _, _ := titles(t, table); len(found) != 2 || strings.Contains(table.body, old.Created) {
		t.Errorf("the table: %s", table.body)
	}
}

// TestDamagedEntry: an entry that has been changed on the disk is reported, and left
// out of listings; its elders count, as everywhere.
func TestDamagedEntry(t *testing.T) {
	m := newMarket(t, t.TempDir(), DefaultLimits())
	by := ada(t)
	var series []*entry.Entry
	for n := range 4 {
		series = append(series, by.Entry(t, entrytest.Description{Content: "x", Created: ago(time.Duration(9-n) * time.Hour)}))
	}
	other := by.Entry(t, entrytest.Description{Content: "y", Created: ago(time.Hour)})
	m.publish(t, append(series, other)...)
	want := func(newest *entry.Entry) {
		t.Helper()
		for _, path := range []string{"/metadata", "/metadata/" + newest.Identifier + "?status=all"} {
			keys, _ := listed(t, m.get(t, path, typeXML))
			wanted := []string{other.Path(), newest.Path()}
			if path != "/metadata" {
				wanted = wanted[1:]
			}
			if diff := cmp.Diff(wanted, keys); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		}
	}
	write := func(e *entry.Entry, content []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(m.dir, e.Path()), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want(series[3])
	write(series[3], bytes.Replace(series[3].Source, []byte(">base<"), []byte(">grid<"), 1))
	write(series[2], []byte("nothing"))
	want(series[1])
	if n := strings.Count(m.log.String(), "leaving an entry out"); n != 2 {
		t.Errorf("reported %d times, want 2: %s", n, m.log)
	}
	if err := os.Remove(filepath.Join(m.dir, series[1].Path())); err != nil {
		t.Fatal(err)
	}
	want(series[0])
}
