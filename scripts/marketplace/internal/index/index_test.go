package index

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/metadata"
)

var noon = time.Date(2027, 1, 15, 12, 0, 0, 0, time.UTC)

// identifier returns one identifier for each number.
func identifier(n int) string {
	digest := make([]byte, 20)
	digest[18], digest[19] = byte(n>>8), byte(n)
	digest[17] = byte(n >> 16)
	return metadata.IdentifierOf(digest)
}

// summary is an entry of image n, made some minutes after noon.
func summary(n int, email string, minutes int, change ...func(*entry.Summary)) entry.Summary {
	s := entry.Summary{
		Key: entry.Key{
			Identifier: identifier(n), Email: email, Created: metadata.FormatTime(noon.Add(time.Duration(minutes) * time.Minute)),
		},
		Title: fmt.Sprintf("Image %d", n), OS: "debian", OSVersion: "12", OSArch: "x86_64", Kind: "machine",
		Valid: "2099-01-01T00:00:00Z", Locations: []string{"http://example.org/image"},
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

func keys(rows []entry.Summary) []string {
	found := []string{}
	for _, row := range rows {
		found = append(found, row.Title+" "+row.Email+" "+row.Created[11:16])
	}
	return found
}

func filled(summaries ...entry.Summary) *Index {
	x := new(Index)
	x.Replace(slices.Clone(summaries))
	return x
}

func TestFind(t *testing.T) {
	deprecated := func(s *entry.Summary) { s.Deprecated = "broken" }
	tagged := func(s *entry.Summary) { s.Tag = "web" }
	fedora := func(s *entry.Summary) { s.OS, s.OSVersion, s.Title = "Fedora", "41", "ÉTOILE (41)" }
	expired := func(s *entry.Summary) { s.Valid = "2027-01-01T00:00:00Z" }
	x := filled(
		summary(1, "a@example.org", 0), summary(1, "a@example.org", 5), summary(1, "b@example.org", 1, tagged),
		summary(2, "a@example.org", 2), summary(2, "a@example.org", 3, deprecated),
		summary(3, "b@example.org", 4, fedora), summary(4, "b@example.org", 6, expired),
	)
	must := func(p Pattern, err error) Pattern {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	expression := func(expr string) Pattern { return must(Expression(expr)) }
	title := func(s entry.Summary) string { return s.Title }
	latest := []string{"Image 4 b@example.org 12:06", "Image 1 a@example.org 12:05", "ÉTOILE (41) b@example.org 12:04",
		"Image 2 a@example.org 12:03", "Image 1 b@example.org 12:01"}
	for name, test := range map[string]struct {
		query           Query
		want            []string
		total, matching int
	}{
		"the latest of each": {query: Query{Limit: 9}, want: latest, total: 5, matching: 5},
		"a part":             {query: Query{Offset: 1, Limit: 2}, want: latest[1:3], total: 5, matching: 5},
		"beyond the end":     {query: Query{Offset: 9, Limit: 2}, want: latest[:0], total: 5, matching: 5},
		"before one": {
			query: Query{Before: summary(3, "b@example.org", 4).Key, Limit: 9}, want: latest[3:], total: 2, matching: 2},
		"an image": {
			query: Query{Query: entry.Query{Identifier: identifier(1)}, Limit: 9},
			want:  []string{latest[1], latest[4]}, total: 2, matching: 2},
		"an endorser": {
			query: Query{Query: entry.Query{Email: "b@example.org"}, Limit: 9},
			want:  []string{latest[0], latest[2], latest[4]}, total: 3, matching: 3},
		"a time shows what is hidden": {
			query: Query{Query: entry.Query{Created: "2027-01-15T12:02:00Z"}, Limit: 9},
			want:  []string{"Image 2 a@example.org 12:02"}, total: 1, matching: 1},
		"valid": {
			query: Query{Query: entry.Query{Status: entry.Valid}, Limit: 9},
			want:  []string{latest[1], latest[2], latest[4]}, total: 3, matching: 3},
		"deprecated": {
			query: Query{Query: entry.Query{Status: entry.Deprecated}, Limit: 9}, want: latest[3:4], total: 1, matching: 1},
		"tag": {
			query: Query{Query: entry.Query{Email: "b@example.org", Tag: "web"}, Limit: 9}, want: latest[4:], total: 1, matching: 1},
		"by title": {
			query: Query{Column: title, Limit: 3}, want: []string{latest[1], latest[4], latest[3]}, total: 5, matching: 5},
		"by title, turned": {
			query: Query{Column: title, Descending: true, Limit: 2}, want: []string{latest[2], latest[0]}, total: 5, matching: 5},
		"a word":                {query: Query{Search: expression("eTOILE"), Limit: 9}, want: latest[:0], total: 5},
		"a word with an accent": {query: Query{Search: expression("étoile"), Limit: 9}, want: latest[2:3], total: 5, matching: 1},
		"an expression":         {query: Query{Search: expression(`^image [12]$`), Limit: 9}, want: latest[:0], total: 5},
		"an expression in a column": {
			query: Query{OS: expression("^(fedora|suse)$"), Limit: 9}, want: latest[2:3], total: 5, matching: 1},
		"a word in the title": {query: Query{Title: must(Word("(41)")), Limit: 9}, want: latest[2:3], total: 5, matching: 1},
		"all columns": {
			query: Query{
				OS: expression("deb"), OSVersion: expression("1[0-9]"), OSArch: expression("X86"), Endorser: expression("^b@"),
				Kind: expression("."), Limit: 9,
			},
			want: []string{latest[0], latest[4]}, total: 5, matching: 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := x.Find(context.Background(), test.query, noon)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, keys(found.Rows)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			if found.Total != test.total || found.Matching != test.matching {
				t.Errorf("%d of %d match, want %d of %d", found.Matching, found.Total, test.matching, test.total)
			}
		})
	}
}

// TestAdd: whatever the order in which entries arrive, the index is the same,
// and what a search holds does not change under it.
func TestAdd(t *testing.T) {
	var all []entry.Summary
	for n := range 40 {
		for minutes := range 3 {
			all = append(all, summary(n, "a@example.org", n*7%40+minutes), summary(n, "b@example.org", n+minutes))
		}
	}
	want, err := filled(all...).Find(context.Background(), Query{Limit: 1000}, noon)
	if err != nil || len(want.Rows) != 80 {
		t.Fatalf("%d rows, want 80: %v", len(want.Rows), err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		x := filled()
		var held []snapshot
		var were [][]string
		for rest := all; len(rest) > 0; {
			n := min(len(rest), 1+random.IntN(9))
			x.Add(slices.Clone(rest[:n]))
			x.Add(slices.Clone(rest[:n])) // once more changes nothing
			rest = rest[n:]
			held = append(held, x.scope(entry.Query{}))
			were = append(were, shown(held[len(held)-1]))
		}
		got, err := x.Find(context.Background(), Query{Limit: 1000}, noon)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-at once +bit by bit):\n%s", diff)
		}
		for i := range held {
			if diff := cmp.Diff(were[i], shown(held[i])); diff != "" {
				t.Fatalf("what a search held has changed (-then +now):\n%s", diff)
			}
		}
	}
}

func shown(s snapshot) []string {
	var found []string
	for r := range s.newestFirst(false) {
		found = append(found, r.Path())
	}
	return found
}

func TestEndorsersHistoryTags(t *testing.T) {
	tag := func(name string) func(*entry.Summary) { return func(s *entry.Summary) { s.Tag = name } }
	x := filled(
		summary(1, "a@example.org", 0, tag("one")), summary(1, "a@example.org", 9, tag("two")),
		summary(2, "a@example.org", 3, tag("two")), summary(4, "a@example.org", 5, tag("four")),
		summary(3, "a@example.org", 2, func(s *entry.Summary) { s.Subject = "CN=A" }), summary(3, "b@example.org", 4),
	)
	for name, test := range map[string]struct {
		got  []entry.Summary
		want []string
	}{
		"endorsers": {x.Endorsers(3),
			[]string{"Image 1 a@example.org 12:09", "Image 3 a@example.org 12:02", "Image 3 b@example.org 12:04"}},
		"endorsers, bounded": {x.Endorsers(2), []string{"Image 1 a@example.org 12:09", "Image 3 b@example.org 12:04"}},
		"history": {x.History(entry.Query{Email: "a@example.org"}, "2027-01-15T12:03:00Z", true, 9),
			[]string{"Image 1 a@example.org 12:09", "Image 4 a@example.org 12:05", "Image 2 a@example.org 12:03"}},
		"history of one image": {x.History(entry.Query{Identifier: identifier(1), Email: "a@example.org"}, "", true, 9),
			[]string{"Image 1 a@example.org 12:09", "Image 1 a@example.org 12:00"}},
		"history, bounded": {x.History(entry.Query{}, "", false, 2),
			[]string{"Image 1 a@example.org 12:09", "Image 4 a@example.org 12:05"}},
		"tags":           {x.Tagged("a@example.org", 9), []string{"Image 4 a@example.org 12:05", "Image 1 a@example.org 12:09"}},
		"tags, none":     {x.Tagged("b@example.org", 9), []string{}},
		"tags of nobody": {x.Tagged("nobody@example.org", 9), []string{}},
	} {
		if diff := cmp.Diff(test.want, keys(test.got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestRemove: without a damaged entry its elders count, and what a search holds does
// not change.
func TestRemove(t *testing.T) {
	series := []entry.Summary{
		summary(1, "a@example.org", 0), summary(1, "a@example.org", 2), summary(1, "a@example.org", 4), summary(1, "a@example.org", 6),
	}
	other := summary(1, "b@example.org", 5)
	x := filled(append(series, other)...)
	held := x.scope(entry.Query{})
	for _, test := range []struct {
		remove entry.Summary
		want   []string
	}{
		{summary(9, "a@example.org", 9), []string{"Image 1 a@example.org 12:06", "Image 1 b@example.org 12:05"}}, // is not there
		{series[2], []string{"Image 1 a@example.org 12:06", "Image 1 b@example.org 12:05"}},
		{series[3], []string{"Image 1 b@example.org 12:05", "Image 1 a@example.org 12:02"}},
		{other, []string{"Image 1 a@example.org 12:02"}},
		{series[1], []string{"Image 1 a@example.org 12:00"}},
		{series[0], []string{}},
	} {
		x.Remove(test.remove.Key)
		for _, q := range []entry.Query{{}, {Identifier: identifier(1)}} {
			found, err := x.Find(context.Background(), Query{Query: q, Limit: 9}, noon)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, keys(found.Rows)); diff != "" {
				t.Errorf("without %s (-want +got):\n%s", test.remove.Created, diff)
			}
		}
	}
	if len(held.rows) != 5 {
		t.Errorf("what a search holds has %d rows, want 5", len(held.rows))
	}
	x.Add([]entry.Summary{series[1]}) // it has been repaired
	if found := x.History(entry.Query{}, "", false, 9); len(found) != 1 {
		t.Errorf("once more there: %q", keys(found))
	}
}

func TestFindEnds(t *testing.T) {
	var all []entry.Summary
	for n := range 1000 {
		all = append(all, summary(n, "a@example.org", n))
	}
	stopped := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(stopped)
	if _, err := filled(all...).Find(ctx, Query{}, noon); !errors.Is(err, stopped) {
		t.Errorf("got error %v, want %v", err, stopped)
	}
}
