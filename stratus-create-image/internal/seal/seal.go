// Package seal removes from a guest what must not be in an image that others
// start: keys, identities, and traces of the machine that it was made on. It
// must not know how the guest came to run, nor what becomes of it.
package seal

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"
)

// Plan is what one sealing removes.
type Plan struct {
	Items   []Item
	Exclude []Path

	limit time.Duration // for each step
}

// Path is an absolute path below the root of the guest, with shell patterns.
type Path string

// stepTime bounds each item, path and search: a guest in which one never ends must
// not hold the build for ever.
const stepTime = 10 * time.Minute

// ParseItem returns the item of that name.
func ParseItem(name string) (Item, error) {
	i := slices.Index(Names(), name)
	if i < 0 {
		return Item{}, fmt.Errorf("this item is not supported; want %s", strings.Join(Names(), ", "))
	}
	return items[i], nil
}

// ParsePath checks a path to remove.
func ParsePath(text string) (Path, error) {
	if !path.IsAbs(text) || path.Clean(text) != strings.TrimRight(text, "/") || strings.Count(text, "/") < 2 && strings.ContainsAny(text, "*?[") {
		return "", fmt.Errorf("not a valid path; want an absolute path below the root, without %q", "..")
	}
	return Path(text), nil
}

// NewPlan returns a plan that removes the excluded paths, and all items but
// those in without.
func NewPlan(without []Item, exclude []Path) *Plan {
	p := &Plan{Items: slices.Clone(items), Exclude: exclude, limit: stepTime}
	p.Items = slices.DeleteFunc(p.Items, func(i Item) bool { return slices.Contains(without, i) })
	return p
}

// Whole reports whether the plan has every item.
func (p *Plan) Whole() bool { return len(p.Items) == len(items) }

// Describe calls step with a description of each removal.
func (p *Plan) Describe(step func(name, format string, args ...any)) {
	for _, pattern := range p.Exclude {
		step("seal", "remove %s", pattern)
	}
	for _, item := range p.Items {
		step("seal", "%s: remove %s", item.Name, item.What)
	}
}

// Names returns the names of the items in their order.
func Names() []string {
	names := make([]string, len(items))
	for i, item := range items {
		names[i] = item.Name
	}
	return names
}

// WriteTable writes all items: their names, whether they are removed by default,
// and what they are.
func WriteTable(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "%-16s %-8s %s\n", "ITEM", "DEFAULT", "REMOVES"); err != nil {
		return err
	}
	for _, item := range items {
		if _, err := fmt.Fprintf(w, "%-16s %-8s %s\n", item.Name, "on", item.What); err != nil {
			return err
		}
	}
	return nil
}
