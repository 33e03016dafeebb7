package index

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// Query says which entries a search is for, and which of those it returns.
type Query struct {
	entry.Query
	// Search looks through all texts; the others through one each.
	Search, OS, OSVersion, OSArch, Endorser, Kind, Title Pattern
	// Before leaves out this entry and those that are not older; the zero key
	// leaves none out.
	Before entry.Key
	// Column returns the value that entries are sorted by; nil is newest first.
	Column     func(entry.Summary) string
	Descending bool
	// Offset and Limit choose from the sorted entries.
	Offset, Limit int
}

// Result is the result of a search.
type Result struct {
	Rows []entry.Summary // chosen by Offset and Limit
	// Total counts the entries that entry.Query matches, and Matching those of
	// them that the patterns match.
	Total, Matching int
}

// HasExpression reports whether the search uses a regular expression, which may take
// long.
func (q Query) HasExpression() bool {
	return slices.ContainsFunc([]Pattern{q.Search, q.OS, q.OSVersion, q.OSArch, q.Endorser, q.Kind, q.Title},
		func(p Pattern) bool { return p.re != nil })
}

// Find searches entries, with their status at the time now. Of the entries of a series
// only the newest counts, unless the query gives a time. It ends with an error when the
// context ends.
func (x *Index) Find(ctx context.Context, q Query, now time.Time) (Result, error) {
	var found Result
	var rows []*row
	scope, match := x.scope(q.Query), q.matcher()
	seen, pause := 0, 64 // rows between two looks at the context
	if q.HasExpression() {
		pause = 1
	}
	for r := range scope.newestFirst(q.Created != "") {
		if seen%pause == 0 && ctx.Err() != nil {
			return Result{}, fmt.Errorf("searching %d entries: %w", len(scope.rows), context.Cause(ctx))
		}
		seen++
		if q.Before != (entry.Key{}) && r.Compare(q.Before) >= 0 || !q.Matches(r.Summary, now) {
			continue
		}
		found.Total++
		if match(r) {
			rows = append(rows, r)
		}
	}
	found.Matching = len(rows)
	q.sort(rows)
	from := min(max(q.Offset, 0), len(rows))
	to := min(max(q.Limit, 0), len(rows)-from) + from
	for _, r := range rows[from:to] {
		found.Rows = append(found.Rows, r.Summary)
	}
	return found, nil
}

// sort orders rows that are newest first by the wanted column; rows that are
// equal in it stay newest first.
func (q Query) sort(rows []*row) {
	if q.Column == nil {
		return
	}
	sign := 1
	if q.Descending {
		sign = -1
	}
	slices.SortStableFunc(rows, func(a, b *row) int { return sign * strings.Compare(q.Column(a.Summary), q.Column(b.Summary)) })
}

// matcher returns the test of all patterns.
func (q Query) matcher() func(*row) bool {
	var columns [5]memo
	for i, p := range [...]Pattern{q.OS, q.OSVersion, q.OSArch, q.Endorser, q.Kind} {
		columns[i] = memo{p, make(map[string]bool)}
	}
	return func(r *row) bool {
		for i, text := range [...]string{r.OS, r.OSVersion, r.OSArch, r.Email, r.Kind} {
			if !columns[i].in(text) {
				return false
			}
		}
		return q.Search.in(r.text) && (q.Title == (Pattern{}) || q.Title.in(strings.ToLower(r.Title)))
	}
}

// Endorsers returns the newest entry for each address, subject and issuer that differ,
// in this order: at most limit of them, those who endorsed last.
func (x *Index) Endorsers(limit int) []entry.Summary {
	type endorser struct{ email, subject, issuer string }
	seen := make(map[endorser]bool)
	found := latest(x.scope(entry.Query{}).newestFirst(true), limit, func(r *row) bool {
		who := endorser{r.Email, r.Subject, r.Issuer}
		known := seen[who]
		seen[who] = true
		return !known
	})
	slices.SortFunc(found, func(a, b entry.Summary) int {
		return cmp.Or(strings.Compare(a.Email, b.Email), strings.Compare(a.Subject, b.Subject), strings.Compare(a.Issuer, b.Issuer))
	})
	return found
}

// History returns the entries of an image, of an endorser, of both or of all (no other
// field of the query counts) that were made since a time, in the form of entry.Key: the
// newest first, at most limit of them, and with hidden also those of which there is a
// newer one.
func (x *Index) History(of entry.Query, since string, hidden bool, limit int) []entry.Summary {
	return latest(x.scope(of).newestFirst(hidden), limit, func(r *row) bool {
		return r.Created >= since && (of.Email == "" || of.Email == r.Email)
	})
}

// Series returns the keys of the entries of a series, the newest first, at most limit of
// them.
func (x *Index) Series(of entry.Series, limit int) (found []entry.Key) {
	rows := x.scope(entry.Query{Identifier: of.Identifier}).newestFirst(true)
	for _, s := range latest(rows, limit, func(r *row) bool { return r.Series() == of }) {
		found = append(found, s.Key)
	}
	return found
}

// Tagged returns the newest entry for each tag of an endorser, in the order of the tags,
// at most limit of them, without entries of which there is a newer one.
func (x *Index) Tagged(email string, limit int) []entry.Summary {
	seen := make(map[string]bool)
	found := latest(x.scope(entry.Query{Email: email}).newestFirst(false), limit, func(r *row) bool {
		known := r.Tag == "" || seen[r.Tag]
		seen[r.Tag] = true
		return !known
	})
	slices.SortFunc(found, func(a, b entry.Summary) int { return strings.Compare(a.Tag, b.Tag) })
	return found
}
