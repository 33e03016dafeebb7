package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// Stamp returns a short text that changes with every publication. It costs the
// reading of one small file.
func (r *Registry) Stamp(ctx context.Context) (string, error) {
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	h, err := ReadHead(r.files)
	if errors.Is(err, ErrBroken) {
		err = nil
	}
	return h.stamp(), err
}

// Changes are the entries published since an earlier look.
type Changes struct {
	Stamp string // of now
	// Whole says that Rows are all entries, and those known before do not count:
	// there was no earlier look, or the log has been made anew.
	Whole bool
	Rows  []entry.Summary // unverified, the newest arrival first
}

// maxTries bounds how often Since starts over because the log was made anew.
const maxTries = 5

// Since returns the entries published since the look that had the stamp, which is
// empty for the first look. It reads no more pages than that takes. If the log is
// missing or broken, it reads all documents.
func (r *Registry) Since(ctx context.Context, stamp string) (Changes, error) {
	for range maxTries {
		c, err := r.since(ctx, stamp)
		if errors.Is(err, ErrBroken) {
			c.Rows, err = r.summaries(ctx)
		}
		now, again := r.Stamp(ctx)
		if err := errors.Join(err, again); err != nil {
			return Changes{}, err
		}
		if generation(now) == generation(c.Stamp) {
			return c, nil
		}
	}
	return Changes{}, fmt.Errorf("reading the log: it was made anew %d times meanwhile", maxTries)
}

func generation(stamp string) string {
	g, _, _ := strings.Cut(stamp, ":")
	return g
}

func (r *Registry) since(ctx context.Context, stamp string) (Changes, error) {
	h, err := ReadHead(r.files)
	c := Changes{Stamp: h.stamp(), Whole: true}
	if err == nil && h.Generation == "" {
		err = fmt.Errorf("%w: there is no log", ErrBroken)
	}
	if err != nil {
		return c, err
	}
	missing := h.Entries
	if _, count, ok := strings.Cut(stamp, ":"); ok && generation(stamp) == h.Generation {
		if known, err := strconv.Atoi(count); err == nil && known >= 0 && known <= h.Entries {
			c.Whole, missing = false, h.Entries-known
		}
	}
	for k := h.Pages - 1; k >= 0 && missing > 0; k-- {
		if ctx.Err() != nil {
			return c, context.Cause(ctx)
		}
		rows, err := ReadPage(r.files, h, k)
		if err != nil {
			c.Whole = true
			return c, err
		}
		for _, row := range slices.Backward(rows[max(0, len(rows)-missing):]) {
			c.Rows = append(c.Rows, row.Summary)
		}
		missing -= len(rows)
	}
	return c, nil
}

// summaries returns the summaries of all sound entries, the newest first.
func (r *Registry) summaries(ctx context.Context) ([]entry.Summary, error) {
	var rows []entry.Summary
	for c, err := range r.all(ctx) {
		if err == nil {
			rows = append(rows, c.Summary)
		} else if !errors.Is(err, entry.ErrInvalid) {
			return nil, err
		}
	}
	slices.SortFunc(rows, func(a, b entry.Summary) int { return b.Compare(a.Key) })
	return rows, nil
}
