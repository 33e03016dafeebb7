package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"strconv"
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// ListingEntries, TagEntries and ListingBytes are how much a file of the listing of an
// image and of a tag takes: one that has as many is full. It takes more only while the
// publications that add to it have too many other files to write; entry.MaxListing
// bounds it in any case.
const (
	ListingEntries = 100
	TagEntries     = 20
	ListingBytes   = 2 << 20
)

// ListingFile returns the name of a file of the listing in a directory: its newest
// one, for 0, or one of the older ones, which are numbered from 1 as they became
// full.
func ListingFile(dir string, n int) string {
	if n == 0 {
		return dir + "/index.xml"
	}
	return dir + "/index." + strconv.Itoa(n) + ".xml"
}

// ReadListing reads a file of a listing, and returns the number of the next older
// one, or 0. The newest file may not exist, and is empty then. The error wraps
// ErrBroken if the file is damaged.
func ReadListing(f FileReader, dir string, n int) (documents [][]byte, older int, err error) {
	name := ListingFile(dir, n)
	body, err := f.ReadFile(name, entry.MaxListing)
	switch {
	case errors.Is(err, fs.ErrNotExist) && n == 0:
		return nil, 0, nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, ErrUnfit):
		return nil, 0, fmt.Errorf("%w: %w", ErrBroken, err)
	case err != nil:
		return nil, 0, fmt.Errorf("reading a listing: %w", err)
	}
	l, err := entry.ParseListing(body)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: reading %q: %w", ErrBroken, name, err)
	}
	if l.Next == "" {
		return l.Documents, 0, nil
	}
	number, _, _ := strings.Cut(strings.TrimPrefix(path.Base(l.Next), "index."), ".")
	older, err = strconv.Atoi(number)
	if err != nil || older < 1 || n > 0 && older >= n { // else it would have no end
		return nil, 0, fmt.Errorf("%w: reading %q: the next listing is not valid: %q", ErrBroken, name, l.Next)
	}
	return l.Documents, older, nil
}

// listed yields the entries of a listing and of the older ones that it leads to.
func listed(ctx context.Context, f FileReader, dir string) iter.Seq2[entry.Candidate, error] {
	return func(yield func(entry.Candidate, error) bool) {
		for n, more := 0, true; more; more = n > 0 {
			if ctx.Err() != nil {
				yield(entry.Candidate{}, context.Cause(ctx))
				return
			}
			documents, older, err := ReadListing(f, dir, n)
			if err != nil {
				yield(entry.Candidate{}, err)
				return
			}
			for _, document := range documents {
				e, err := entry.Verify(document)
				if err == nil && !yield(entry.Found(e), nil) || err != nil && !yield(entry.Candidate{}, err) {
					return
				}
			}
			n = older
		}
	}
}
