package index

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// TestSeries: an entry by another certificate that claims the same address hides nothing.
func TestSeries(t *testing.T) {
	by := func(fingerprint string) func(*entry.Summary) {
		return func(s *entry.Summary) { s.Fingerprint, s.Tag = fingerprint, "web" }
	}
	x := filled(
		summary(1, "a@example.org", 0, by("a")), summary(1, "a@example.org", 5, by("a")), summary(2, "a@example.org", 1, by("a")),
	)
	x.Add([]entry.Summary{summary(1, "a@example.org", 9, by("eve")), summary(1, "a@example.org", 3, by("eve"))})
	found, err := x.Find(context.Background(), Query{Query: entry.Query{Email: "a@example.org"}, Limit: 9}, noon)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Image 1 a@example.org 12:09", "Image 1 a@example.org 12:05", "Image 2 a@example.org 12:01"}
	if diff := cmp.Diff(want, keys(found.Rows)); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
	of := summary(1, "a@example.org", 0, by("a"))
	newest := summary(1, "a@example.org", 5).Key
	for limit, want := range map[int][]entry.Key{9: {newest, of.Key}, 1: {newest}} {
		if diff := cmp.Diff(want, x.Series(of.Series(), limit)); diff != "" {
			t.Errorf("series (-want +got):\n%s", diff)
		}
	}
}

// TestSearchText: of very long texts a search looks through the beginning only.
func TestSearchText(t *testing.T) {
	x := filled(summary(1, "a@example.org", 0, func(s *entry.Summary) {
		for n := range 20 {
			s.Locations = append(s.Locations, fmt.Sprintf("http://host%d/%s", n, strings.Repeat("µ", 490)))
		}
	}))
	for word, want := range map[string]int{"host0": 1, "host19": 0, identifier(1): 1} {
		p, err := Word(word)
		if err != nil {
			t.Fatal(err)
		}
		if found, err := x.Find(context.Background(), Query{Search: p}, noon); err != nil || found.Matching != want {
			t.Errorf("%q: %d found, want %d: %v", word, found.Matching, want, err)
		}
	}
}

// TestSlowExpression: an expression that takes long at every character ends in time.
func TestSlowExpression(t *testing.T) {
	var all []entry.Summary
	for n := range 5000 {
		all = append(all, summary(n, "a@example.org", n, func(s *entry.Summary) { s.Description = strings.Repeat("ab", 2000) }))
	}
	p, err := Expression("(a|b)*a.{150}(x|y)")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	q := Query{Search: p}
	if _, err := filled(all...).Find(ctx, q, noon); !errors.Is(err, context.DeadlineExceeded) || !q.HasExpression() {
		t.Errorf("got error %v, want the end of its time", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}
