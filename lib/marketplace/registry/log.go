package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strconv"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// errBroken is wrapped by the errors about derived files that are not as they
// were written. They are all made again then.
var errBroken = errors.New("broken index")

const (
	pageEntries = 32      // a page with so many is full
	pageBytes   = 4 << 20 // as is one with documents of so many bytes
	pageLimit   = 8 << 20 // of the JSON of a page; 32 of the longest summaries have less
	logLimit    = 4 << 10
)

// state is what log.json says.
type state struct {
	Pages   int `json:"pages"`
	Entries int `json:"entries"` // of all pages
	Last    int `json:"last"`    // entries of the newest page
	// Generation changes when the log is made anew, and entries may be in
	// another order.
	Generation string `json:"generation"`
}

func (s state) stamp() string { return s.Generation + ":" + strconv.Itoa(s.Entries) }

// sound tells whether the numbers can be true.
func (s state) sound() bool {
	return s.Pages > 0 && s.Last > 0 && s.Last <= pageEntries && s.Entries >= s.Pages && s.Entries >= s.Last &&
		s.Entries <= s.Pages*pageEntries
}

// state reads log.json. It is empty if there is no log.
func (r *Registry) state(dir string) (state, error) {
	name := dir + "/log.json"
	var s state
	body, err := r.files.ReadFile(name, logLimit)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return state{}, nil
	case errors.Is(err, errUnfit):
		return state{}, fmt.Errorf("%w: %w", errBroken, err)
	case err != nil:
		return state{}, err
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return state{}, fmt.Errorf("%w: %q: %w", errBroken, name, err)
	}
	if !s.sound() {
		return state{}, fmt.Errorf("%w: %q: %d entries on %d pages, %d on the newest", errBroken, name, s.Entries, s.Pages, s.Last)
	}
	return s, nil
}

func pageName(dir string, k int, suffix string) string {
	return dir + "/page/" + strconv.Itoa(k) + suffix
}

// page reads the summaries of a page, in the order of arrival.
func (r *Registry) page(dir string, k int) ([]entry.Summary, error) {
	name := pageName(dir, k, ".json")
	body, err := r.files.ReadFile(name, pageLimit)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errUnfit) {
		return nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	if err != nil {
		return nil, err
	}
	var rows []entry.Summary
	if err := json.Unmarshal(body, &rows); err != nil {
		return nil, fmt.Errorf("%w: %q: %w", errBroken, name, err)
	}
	if len(rows) == 0 || len(rows) > pageEntries {
		return nil, fmt.Errorf("%w: %q: %d entries, want 1 to %d", errBroken, name, len(rows), pageEntries)
	}
	for _, row := range rows {
		if _, err := entry.ParseKey(row.Identifier, row.Email, row.Created); err != nil {
			return nil, fmt.Errorf("%w: %q: %w", errBroken, name, err)
		}
	}
	return rows, nil
}

// rows yields the summaries of a log, the newest arrival first.
func (r *Registry) rows(ctx context.Context, dir string) iter.Seq2[entry.Summary, error] {
	return func(yield func(entry.Summary, error) bool) {
		s, err := r.state(dir)
		if err != nil {
			yield(entry.Summary{}, fmt.Errorf("reading a list: %w", err))
			return
		}
		for k := s.Pages - 1; k >= 0; k-- {
			err := ctx.Err()
			var rows []entry.Summary
			if err == nil {
				rows, err = r.page(dir, k)
			}
			if err != nil {
				yield(entry.Summary{}, fmt.Errorf("reading a list: %w", err))
				return
			}
			for _, row := range slices.Backward(rows) {
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}

// item is an entry to be listed.
type item struct {
	entry.Summary
	document []byte // as entry.Embeddable gives it
}

// items reads a page with its documents, in the order of arrival.
func (r *Registry) items(ctx context.Context, dir string, k int) ([]item, error) {
	rows, err := r.page(dir, k)
	if err != nil {
		return nil, err
	}
	listing, err := r.listing(pageName(dir, k, ".xml"))
	if err != nil {
		return nil, err
	}
	documents := listing.Documents
	items := make([]item, len(rows))
	for i, row := range rows {
		items[i].Summary = row
		if len(documents) == len(rows) { // the newest is the first there
			items[i].document = documents[len(rows)-1-i]
			continue
		}
		// One file of the page is older: a writer was stopped.
		if items[i].document, err = r.document(ctx, row.Key); err != nil {
			return nil, fmt.Errorf("%w: %w", errBroken, err)
		}
	}
	return items, nil
}

// listing reads a listing. One that does not exist or is broken is empty.
func (r *Registry) listing(name string) (entry.Listing, error) {
	body, err := r.files.ReadFile(name, entry.MaxListing)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errUnfit) {
		return entry.Listing{}, nil
	}
	if err != nil {
		return entry.Listing{}, err
	}
	l, err := entry.ParseListing(body)
	if err != nil {
		return entry.Listing{}, nil //nolint:nilerr // the caller counts its documents
	}
	return l, nil
}

// document reads an entry as it stands in a listing.
func (r *Registry) document(ctx context.Context, k entry.Key) ([]byte, error) {
	e, err := r.verified(ctx, k)
	if err != nil {
		return nil, err
	}
	return entry.Embeddable(e.Source)
}
