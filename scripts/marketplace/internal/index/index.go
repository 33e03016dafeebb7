// Package index keeps the summaries of all entries of a Marketplace in memory
// and searches them, so that a search reads no file.
//
// It must not know where summaries come from, nor HTTP: it is handed the ones,
// and patterns for the other.
package index

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// Index holds summaries. The zero value is empty; its methods may be
// called from several goroutines, and a search never waits for another.
type Index struct {
	mu     sync.RWMutex
	batch  int64             // number of the last Add
	all    []*row            // oldest first, as all lists here
	images map[string][]*row // by identifier
	by     map[string][]*row // by e-mail address of the endorser
	latest map[entry.Series]*row
	words  map[string]string // texts that many summaries have, kept once

	endorsers map[endorser]*row // with the newest entry of each
}

// endorser is somebody under a name.
type endorser struct{ email, subject, issuer string }

// row is a summary in the index. Nothing in it changes but hidden.
type row struct {
	entry.Summary
	text   string       // what a search looks through, in lower case
	hidden atomic.Int64 // the batch that brought a newer one, 0 if none did
}

// compareKeys orders keys by time. Ties are broken, so that every order is the
// same.
func compareKeys(a, b entry.Key) int {
	return cmp.Or(strings.Compare(a.Created, b.Created), strings.Compare(a.Identifier, b.Identifier), strings.Compare(a.Email, b.Email))
}

// Len is the number of summaries.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.all)
}

// Replace takes everything out and the summaries in.
func (x *Index) Replace(summaries []entry.Summary) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.all, x.words = make([]*row, 0, len(summaries)), make(map[string]string)
	x.images, x.by, x.latest = make(map[string][]*row), make(map[string][]*row), make(map[entry.Series]*row)
	x.endorsers = make(map[endorser]*row)
	x.addAll(summaries)
}

// Add takes summaries in, in any order. Those whose key is there already are
// left out. Replace comes first.
func (x *Index) Add(summaries []entry.Summary) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.addAll(summaries)
}

func (x *Index) addAll(summaries []entry.Summary) {
	x.batch++
	// Oldest first, because only putting a row last is cheap.
	slices.SortFunc(summaries, func(a, b entry.Summary) int { return compareKeys(a.Key, b.Key) })
	for _, s := range summaries {
		if _, found := find(x.images[s.Identifier], s.Key); !found {
			x.add(x.newRow(s))
		}
	}
}

func (x *Index) add(r *row) {
	x.all = insert(x.all, r)
	x.images[r.Identifier] = insert(x.images[r.Identifier], r)
	x.by[r.Email] = insert(x.by[r.Email], r)
	who := endorser{r.Email, r.Subject, r.Issuer}
	if known := x.endorsers[who]; known == nil || known.Created < r.Created {
		x.endorsers[who] = r
	}
	before := x.latest[r.Series()]
	switch {
	case before == nil:
		x.latest[r.Series()] = r
	case before.Created < r.Created:
		before.hidden.Store(x.batch)
		x.latest[r.Series()] = r
	default:
		r.hidden.Store(x.batch)
	}
}

// insert puts a row in its place. Lists that searches hold do not change: they
// end before a row that is put last, and any other makes a new list.
func insert(list []*row, r *row) []*row {
	at, _ := find(list, r.Key)
	if at == len(list) {
		return append(list, r)
	}
	changed := make([]*row, 0, len(list)+len(list)/4+1)
	return append(append(append(changed, list[:at]...), r), list[at:]...)
}

func find(list []*row, k entry.Key) (at int, found bool) {
	return slices.BinarySearchFunc(list, k, func(r *row, k entry.Key) int { return compareKeys(r.Key, k) })
}

func (x *Index) newRow(s entry.Summary) *row {
	for _, text := range []*string{
		&s.Identifier, &s.Email, &s.OS, &s.OSVersion, &s.OSArch, &s.Type, &s.Kind, &s.Version, &s.Tag, &s.Creator,
		&s.Format, &s.Compression, &s.Valid, &s.Deprecated, &s.Subject, &s.Issuer, &s.Fingerprint,
	} {
		*text = x.once(*text)
	}
	// What an entry is found by most comes first, because the end may be cut.
	parts := append([]string{s.Title, s.Identifier, s.Email, s.Created, s.OS, s.OSVersion, s.OSArch, s.Kind, s.Tag, s.Creator, s.Description}, s.Locations...)
	text := strings.Join(parts, "\n")
	return &row{Summary: s, text: strings.ToLower(strings.ToValidUTF8(text[:min(len(text), maxText)], ""))}
}

// maxText bounds what a search looks through in one entry, in bytes.
const maxText = 4 << 10

// once gives the one copy of a text.
func (x *Index) once(text string) string {
	if known, ok := x.words[text]; ok {
		return known
	}
	x.words[text] = text
	return text
}

// snapshot is the index at one moment, or a part of it.
type snapshot struct {
	batch int64
	rows  []*row
}

// hides tells whether a newer entry of the series was there.
func (s snapshot) hides(r *row) bool {
	batch := r.hidden.Load()
	return 0 < batch && batch <= s.batch
}

// newestFirst gives the rows that no newer one hides, or all.
func (s snapshot) newestFirst(all bool) iter.Seq[*row] {
	return func(yield func(*row) bool) {
		for _, r := range slices.Backward(s.rows) {
			if (all || !s.hides(r)) && !yield(r) {
				return
			}
		}
	}
}

// scope gives the smallest list in which everything is that the query matches.
func (x *Index) scope(q entry.Query) snapshot {
	x.mu.RLock()
	defer x.mu.RUnlock()
	switch {
	case q.Identifier != "":
		return snapshot{x.batch, x.images[q.Identifier]}
	case q.Email != "":
		return snapshot{x.batch, x.by[q.Email]}
	}
	return snapshot{x.batch, x.all}
}
