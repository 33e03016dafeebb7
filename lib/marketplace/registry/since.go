package registry

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// Stamp gives a short text that changes with every publication, by whomever. It
// costs the reading of one small file.
func (r *Registry) Stamp(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	s, err := r.state(entry.Root)
	if err != nil {
		return "", fmt.Errorf("reading a list: %w", err)
	}
	return s.stamp(), nil
}

// Changes are what was published since an earlier look.
type Changes struct {
	Stamp string // of now
	// Whole tells that Rows are all entries, and those known before do not
	// count: there is no earlier look, or the lists were made anew meanwhile.
	Whole bool
	Rows  []entry.Summary // as Summaries yields them
}

// Since gives what was published since the look that had the stamp, which is
// empty for the first. It reads no more pages than that takes.
func (r *Registry) Since(ctx context.Context, stamp string) (Changes, error) {
	for range maxTries {
		c, err := r.since(ctx, stamp)
		// Made anew meanwhile, pages do not fit together, whatever was read.
		now, again := r.Stamp(ctx)
		if again == nil && generation(now) != generation(c.Stamp) {
			continue
		}
		if err = errors.Join(err, again); err != nil {
			return Changes{}, err
		}
		return c, nil
	}
	return Changes{}, fmt.Errorf("reading a list: it was made anew %d times meanwhile", maxTries)
}

func generation(stamp string) string {
	g, _, _ := strings.Cut(stamp, ":")
	return g
}

func (r *Registry) since(ctx context.Context, stamp string) (Changes, error) {
	s, err := r.state(entry.Root)
	if err != nil {
		return Changes{}, fmt.Errorf("reading a list: %w", err)
	}
	c := Changes{Stamp: s.stamp(), Whole: true}
	missing := s.Entries
	if _, count, ok := strings.Cut(stamp, ":"); ok && generation(stamp) == s.Generation {
		if known, err := strconv.Atoi(count); err == nil && known >= 0 && known <= s.Entries {
			c.Whole, missing = false, s.Entries-known
		}
	}
	for k := s.Pages - 1; k >= 0 && missing > 0; k-- {
		if err := ctx.Err(); err != nil {
			return c, err
		}
		rows, err := r.page(entry.Root, k)
		if err != nil {
			return c, fmt.Errorf("reading a list: %w", err)
		}
		if k == s.Pages-1 && len(rows) > s.Last {
			rows = rows[:s.Last] // the rest belongs to the next stamp
		}
		for i := len(rows) - 1; i >= 0 && missing > 0; i-- {
			c.Rows = append(c.Rows, rows[i])
			missing--
		}
	}
	return c, nil
}
