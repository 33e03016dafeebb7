package entry

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Compare orders keys by time, and those of one time by their other parts, so that
// every order is the same.
func (k Key) Compare(other Key) int {
	return cmp.Or(
		strings.Compare(k.Created, other.Created),
		strings.Compare(k.Identifier, other.Identifier),
		strings.Compare(k.Email, other.Email),
		strings.Compare(k.Variant, other.Variant),
	)
}

// Newest holds the newest entry of each series, the only one that counts, with a
// value for each. The zero value is empty. Entries may be added in any order.
//
// What is damaged must not be added: it is reported, and its elders count.
type Newest[T any] struct {
	held map[Series]dated[T]
}

type dated[T any] struct {
	key   Key
	value T
}

// Add adds an entry of a series. It reports whether the entry is newer than those
// of the series that were added before.
func (n *Newest[T]) Add(s Series, k Key, value T) bool {
	if held, found := n.held[s]; found && held.key.Compare(k) >= 0 {
		return false
	}
	if n.held == nil {
		n.held = make(map[Series]dated[T])
	}
	n.held[s] = dated[T]{k, value}
	return true
}

// Values returns the values of the newest entries, the newest first.
func (n *Newest[T]) Values() []T {
	all := slices.SortedFunc(maps.Values(n.held), func(a, b dated[T]) int { return b.key.Compare(a.key) })
	values := make([]T, len(all))
	for i, v := range all {
		values[i] = v.value
	}
	return values
}
