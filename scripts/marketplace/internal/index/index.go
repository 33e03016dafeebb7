// Package index keeps the summaries of all entries of a Marketplace in memory and
// searches them, so that a search reads no file.
//
// It must not know where summaries come from, nor HTTP.
package index

import (
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// Index holds summaries. The zero value is empty. Its methods may be called from several
// goroutines, and a search does not wait for another one.
type Index struct {
	mu     sync.RWMutex
	batch  int64             // number of the last Add
	all    []*row            // oldest first, as all lists here
	images map[string][]*row // by identifier
	by     map[string][]*row // by e-mail address of the endorser
	latest map[entry.Series]*row
	words  map[string]string // texts that many summaries have, kept once
}

// row is a summary in the index. Only hidden changes.
type row struct {
	entry.Summary
	text   string       // what a search looks through, in lower case
	hidden atomic.Int64 // the batch with the first newer entry of the series, 0 if there is none
}

// Len returns the number of summaries.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.all)
}

// Replace removes everything and adds the summaries.
func (x *Index) Replace(summaries []entry.Summary) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.all, x.words = make([]*row, 0, len(summaries)), make(map[string]string)
	x.images, x.by, x.latest = make(map[string][]*row), make(map[string][]*row), make(map[entry.Series]*row)
	x.addAll(summaries)
}

// Add adds summaries, in any order, without those whose key is there already. Replace
// comes first.
func (x *Index) Add(summaries []entry.Summary) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.addAll(summaries)
}

func (x *Index) addAll(summaries []entry.Summary) {
	x.batch++
	// Oldest first, because only putting a row last is cheap.
	slices.SortFunc(summaries, func(a, b entry.Summary) int { return a.Compare(b.Key) })
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

// insert puts a row in its place. Lists that searches hold do not change: a row that is
// put last is beyond their end, and any other makes a new list.
func insert(list []*row, r *row) []*row {
	at, _ := find(list, r.Key)
	if at == len(list) {
		return append(list, r)
	}
	changed := make([]*row, 0, len(list)+len(list)/4+1)
	return append(append(append(changed, list[:at]...), r), list[at:]...)
}

// Remove removes an entry because it is damaged: its elders count.
func (x *Index) Remove(k entry.Key) {
	x.mu.Lock()
	defer x.mu.Unlock()
	at, found := find(x.images[k.Identifier], k)
	if !found {
		return
	}
	r := x.images[k.Identifier][at]
	x.all = remove(x.all, k)
	x.images[k.Identifier] = remove(x.images[k.Identifier], k)
	x.by[k.Email] = remove(x.by[k.Email], k)
	if x.latest[r.Series()] != r {
		return
	}
	delete(x.latest, r.Series())
	for _, elder := range slices.Backward(x.images[k.Identifier]) {
		if elder.Series() == r.Series() {
			elder.hidden.Store(0)
			x.latest[r.Series()] = elder
			return
		}
	}
}

// remove returns a list without a row that is in it.
func remove(list []*row, k entry.Key) []*row {
	at, _ := find(list, k)
	return append(slices.Clone(list[:at]), list[at+1:]...)
}

func find(list []*row, k entry.Key) (at int, found bool) {
	return slices.BinarySearchFunc(list, k, func(r *row, k entry.Key) int { return r.Compare(k) })
}

func (x *Index) newRow(s entry.Summary) *row {
	for _, text := range []*string{
		&s.Identifier, &s.Email, &s.OS, &s.OSVersion, &s.OSArch, &s.Type, &s.Kind, &s.Version, &s.Tag, &s.Creator,
		&s.Format, &s.Compression, &s.Valid, &s.Deprecated, &s.Subject, &s.Issuer, &s.Fingerprint,
	} {
		*text = x.once(*text)
	}
	// What an entry is found by most comes first, because the end may be cut.
	parts := []string{s.Title, s.Identifier, s.Email, s.Created, s.OS, s.OSVersion, s.OSArch, s.Kind, s.Tag, s.Creator, s.Description}
	parts = append(parts, s.Locations...)
	text := strings.Join(parts, "\n")
	return &row{Summary: s, text: strings.ToLower(strings.ToValidUTF8(text[:min(len(text), maxText)], ""))}
}

// maxText bounds the text of one entry that a search looks through, in bytes.
const maxText = 4 << 10

// once returns the one copy of a text.
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

// hides reports whether a newer entry of the series was there.
func (s snapshot) hides(r *row) bool {
	batch := r.hidden.Load()
	return 0 < batch && batch <= s.batch
}

// newestFirst yields the rows that no newer one hides, or all.
func (s snapshot) newestFirst(all bool) iter.Seq[*row] {
	return func(yield func(*row) bool) {
		for _, r := range slices.Backward(s.rows) {
			if (all || !s.hides(r)) && !yield(r) {
				return
			}
		}
	}
}

// latest returns the newest of the rows that are wanted, at most limit of them.
func latest(rows iter.Seq[*row], limit int, want func(*row) bool) (found []entry.Summary) {
	for r := range rows {
		if len(found) == limit {
			break
		}
		if want(r) {
			found = append(found, r.Summary)
		}
	}
	return found
}

// scope returns the smallest list that has everything that the query matches.
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
