package publish

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
	"github.com/stratuslab/stratus/lib/marketplace/registry"
	"github.com/stratuslab/stratus/lib/metadata"
)

// TestForgedAddress: a certificate that claims the address of another endorser replaces
// none of their entries, neither in lists that grow nor in those that are made anew.
func TestForgedAddress(t *testing.T) {
	both(t, func(t *testing.T, f files, dir string) {
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
		janeAgain := entrytest.NewEndorser(t, address)
		same := sign(janeAgain, -time.Minute, text(metadata.Description, "of the same second"))
		late := sign(jane, -2*time.Minute, text(metadata.Description, "older"))
		r := at(f)
		check := func(counts *entry.Entry, more ...*entry.Entry) {
			t.Helper()
			both := paths(append(more, counts, forged)...)
			slices.Sort(both)
			for name, q := range map[string]entry.Query{
				"image":              {Identifier: mine.Identifier},
				"image and endorser": {Identifier: mine.Identifier, Email: address},
				"endorser":           {Email: address},
			} {
				got := found(t, f, q)
				slices.Sort(got)
				if diff := cmp.Diff(both, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
			for _, e := range []*entry.Entry{counts, forged} {
				if !slices.Contains(listedIn(t, dir, entry.Root+"/"+mine.Identifier), e.Path()) {
					t.Errorf("the image does not list %s", e.Path())
				}
			}
		}
		tagged := func() {
			t.Helper()
			if diff := cmp.Diff(paths(mine), found(t, f, entry.Query{Email: address, Tag: "stable"})); diff != "" {
				t.Errorf("the tag (-want +got):\n%s", diff)
			}
		}
		publish(t, r, mine, forged)
		check(mine)
		tagged()
		must(t, os.Remove(filepath.Join(dir, registry.HeadFile)))
		publish(t, r, spec{image: 2}.entry(t)) // makes everything anew
		check(mine)
		tagged()
		publish(t, r, gone)
		check(gone)
		if got := found(t, f, entry.Query{Email: address, Tag: "stable"}); got != nil {
			t.Errorf("the tag stands for %q, which is replaced", got)
		}
		var not *entry.NotAdmitted
		_, _, err := r.Publish(t.Context(), late)
		if !errors.As(err, &not) || !strings.Contains(not.Reason, "there is one of "+gone.Created) {
			t.Errorf("an older one: %v", err)
		}
		// Entries of two certificates in the same second do not keep each other out.
		variant := same.AsVariant()
		for _, existed := range []bool{false, true} {
			key, got, err := r.Publish(t.Context(), same)
			if err != nil || got != existed || key != variant.Key {
				t.Errorf("at %s, existed %v, %v; want %s, %v", key.Path(), got, err, variant.Path(), existed)
			}
		}
		check(gone, variant)
		must(t, os.Remove(filepath.Join(dir, registry.HeadFile)))
		publish(t, r, spec{image: 4}.entry(t))
		check(gone, variant)
		if again := sign(janeAgain, -time.Minute, text(metadata.Description, "another document")); again.Key == same.Key {
			if _, _, err := r.Publish(t.Context(), again); !errors.As(err, &not) {
				t.Errorf("another one of that certificate and second: %v", err)
			}
		}
	})
}

// TestCrowdedImage: forgeries hide no entry of an image from those who follow its
// listing, whether it was made at once or entry by entry.
func TestCrowdedImage(t *testing.T) {
	dir := memory(t)
	w := at(localFiles(t, dir))
	entries := []*entry.Entry{spec{image: 1}.entry(t)}
	for i := range registry.ListingEntries + 1 {
		entries = append(entries, spec{image: 1, at: 1, email: fmt.Sprintf("e%d@example.org", i)}.entry(t))
	}
	for _, e := range entries {
		restore(t, dir, map[string]string{e.Path(): string(e.Source)})
	}
	late := []*entry.Entry{spec{image: 2}.entry(t), spec{image: 1, at: 2, email: "e1@example.org"}.entry(t)}
	publish(t, w, late...) // the first makes everything anew
	checkComplete(t, dir, append(entries, late...)...)
}
