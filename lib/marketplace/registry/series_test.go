package registry

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/metadata"
)

// TestForgedAddress: whoever makes a certificate with the address of another
// supersedes nothing of theirs, neither in lists that are kept nor in those
// that are made anew.
func TestForgedAddress(t *testing.T) {
	both(t, func(t *testing.T, f Files, dir string) {
		const address = "jane@example.org"
		jane, eve := entrytest.NewEndorser(t, address), entrytest.NewEndorser(t, address)
		sign := func(by *entrytest.Endorser, at time.Duration, texts map[metadata.Term]string) *entry.Entry {
			texts[metadata.Title] = "image"
			texts[metadata.Location] = "http://example.org/image"
			return by.Entry(t, entrytest.Description{Content: "image", Created: now.Add(at), Valid: now.AddDate(1, 0, 0), Texts: texts})
		}
		text := func(term metadata.Term, value string) map[metadata.Term]string {
			return map[metadata.Term]string{term: value}
		}
		mine := sign(jane, -time.Hour, text(metadata.Alternative, "stable"))
		forged := sign(eve, 4*time.Minute, text(metadata.Description, "forged"))
		gone := sign(jane, -time.Minute, text(metadata.Deprecated, "security"))
		same := sign(entrytest.NewEndorser(t, address), -time.Minute, text(metadata.Description, "of the same second"))
		late := sign(jane, -2*time.Minute, text(metadata.Description, "older"))
		r := at(f)
		tag := filepath.Join(dir, tagDir(address, "stable"), "index.xml")
		check := func(counts *entry.Entry) {
			t.Helper()
			both := paths(counts, forged)
			slices.Sort(both)
			for name, q := range map[string]entry.Query{
				"image":              {Identifier: mine.Identifier},
				"image and endorser": {Identifier: mine.Identifier, Email: address},
				"endorser":           {Email: address},
			} {
				got := found(t, r, q)
				slices.Sort(got)
				if diff := cmp.Diff(both, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
			l, err := r.listing(entry.Root + "/" + mine.Identifier + "/index.all.xml")
			if err != nil || len(l.Documents) != 2 {
				t.Errorf("%d documents of the image, %v; want 2", len(l.Documents), err)
			}
			for _, e := range []*entry.Entry{counts, forged} {
				page, err := os.ReadFile(filepath.Join(dir, e.Path()+".html"))
				if err != nil || strings.Contains(string(page), "again since") {
					t.Errorf("%s: %v, or it is said to be superseded", e.Path(), err)
				}
			}
		}
		tagged := func() {
			t.Helper()
			if diff := cmp.Diff(paths(mine), found(t, r, entry.Query{Email: address, Tag: "stable"})); diff != "" {
				t.Errorf("the tag (-want +got):\n%s", diff)
			}
			if body, err := os.ReadFile(tag); err != nil || verify(t, body).Key != mine.Key {
				t.Errorf("the tag: %v, or another entry", err)
			}
		}
		publish(t, r, mine, forged)
		check(mine)
		tagged()
		must(t, os.Remove(filepath.Join(dir, "metadata/log.json")))
		publish(t, r, spec{image: 2}.entry(t)) // makes everything anew
		check(mine)
		tagged()
		publish(t, r, gone)
		check(gone)
		if _, err := os.Stat(tag); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the tag of what is deprecated: %v", err)
		}
		for want, e := range map[string]*entry.Entry{"sign it again": same, "there is one of " + gone.Created: late} {
			var not *entry.NotAdmitted
			if _, err := r.Publish(t.Context(), e); !errors.As(err, &not) || !strings.Contains(not.Reason, want) {
				t.Errorf("got %v, want %q", err, want)
			}
		}
	})
}

// TestCrowdedScope: forgeries hide no entry of an image from who reads its
// listings, and those that follow.
func TestCrowdedScope(t *testing.T) {
	dir := memory(t)
	r := at(localFiles(t, dir))
	first := spec{image: 1}.entry(t)
	entries := []*entry.Entry{first}
	for i := range smallEntries {
		entries = append(entries, spec{image: 1, at: 1, email: fmt.Sprintf("e%d@example.org", i)}.entry(t))
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Path())
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, e.Source, 0o644))
	}
	check := func() {
		t.Helper()
		found, listings := false, 0
		for name := entry.Root + "/" + first.Identifier + "/index.all.xml"; name != ""; listings++ {
			l, err := r.listing(name)
			must(t, err)
			found = found || slices.ContainsFunc(l.Documents, func(d []byte) bool { return verify(t, d).Key == first.Key })
			if listings == 0 && (found || len(l.Documents) != smallEntries) {
				t.Errorf("%d entries at first, the oldest among them: %t", len(l.Documents), found)
			}
			name = l.Next
		}
		if !found {
			t.Errorf("not found in %d listings", listings)
		}
	}
	publish(t, r, spec{image: 2}.entry(t)) // makes everything anew
	check()
	publish(t, r, spec{image: 1, at: 2, email: "e1@example.org"}.entry(t))
	check()
}
