package registry

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/report"
)

const (
	// maxSearchBytes and maxSearchTime bound what one search reads in all: the
	// directory may be somebody else's, and without an end.
	maxSearchBytes = 1 << 30
	maxSearchTime  = 10 * time.Minute
)

// Find yields the verified entries that the query is for, the last to arrive first;
// those of one image by the time of endorsement. An error that wraps
// entry.ErrInvalid is about one damaged entry, which is left out; any other ends the
// search. If an image, or an address and a tag are given, the cost does not depend
// on how many other entries there are.
func (r *Registry) Find(ctx context.Context, q entry.Query) iter.Seq2[*entry.Entry, error] {
	return func(yield func(*entry.Entry, error) bool) {
		ctx, cancel := context.WithTimeoutCause(ctx, r.searchTime, report.Refusedf("searching the registry takes more than %s", r.searchTime))
		defer cancel()
		r := New(&budget{Files: r.files, most: r.searchBytes})
		candidates := r.fromLog(ctx, q)
		if q.Identifier != "" {
			candidates = r.ofImage(ctx, q.Identifier, q.Email)
		}
		load := func(k entry.Key) (*entry.Entry, error) { return r.Verified(ctx, k) }
		for e, err := range entry.Select(q, time.Now(), candidates, load) {
			if !yield(e, err) {
				return
			}
		}
	}
}

// fromLog yields what the derived files have for a query. If they are missing or
// broken, it goes on with the documents.
func (r *Registry) fromLog(ctx context.Context, q entry.Query) iter.Seq2[entry.Candidate, error] {
	return func(yield func(entry.Candidate, error) bool) {
		for c, err := range candidates(ctx, r.files, q) {
			if errors.Is(err, ErrBroken) {
				r.all(ctx)(yield)
				return
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

// FindListed is Find for a registry of which only files can be read, such as one
// behind a web server. It needs the derived files.
func FindListed(ctx context.Context, f FileReader, q entry.Query) iter.Seq2[*entry.Entry, error] {
	load := func(k entry.Key) (*entry.Entry, error) { return verified(ctx, f, k) }
	return entry.Select(q, time.Now(), candidates(ctx, f, q), load)
}

// candidates yields what the derived files have for a query: the smallest listing
// that has it, or else the log.
func candidates(ctx context.Context, f FileReader, q entry.Query) iter.Seq2[entry.Candidate, error] {
	tag := entry.TagPath(q.Email, q.Tag)
	switch {
	case q.Identifier != "" && !entry.IsIdentifier(q.Identifier), q.Email != "" && !entry.IsEmail(q.Email):
		return func(func(entry.Candidate, error) bool) {}
	case q.Identifier != "":
		return listed(ctx, f, entry.Root+"/"+q.Identifier)
	case q.Email != "" && tag != "":
		return ofTag(ctx, f, tag)
	}
	return logged(ctx, f)
}

// ofTag yields the listing of a tag. Without a log there is none, and the directory
// has nothing derived.
func ofTag(ctx context.Context, f FileReader, dir string) iter.Seq2[entry.Candidate, error] {
	return func(yield func(entry.Candidate, error) bool) {
		if h, err := ReadHead(f); err != nil || h.Generation == "" {
			yield(entry.Candidate{}, errors.Join(ErrBroken, err))
			return
		}
		listed(ctx, f, dir)(yield)
	}
}

// logged yields the rows of the log, the newest arrival first.
func logged(ctx context.Context, f FileReader) iter.Seq2[entry.Candidate, error] {
	return func(yield func(entry.Candidate, error) bool) {
		h, err := ReadHead(f)
		if err == nil && h.Generation == "" {
			err = fmt.Errorf("%w: there is no log", ErrBroken)
		}
		if err != nil {
			yield(entry.Candidate{}, err)
			return
		}
		for k := h.Pages - 1; k >= 0; k-- {
			if ctx.Err() != nil {
				yield(entry.Candidate{}, context.Cause(ctx))
				return
			}
			rows, err := ReadPage(f, h, k)
			if err != nil {
				yield(entry.Candidate{}, err)
				return
			}
			for i := len(rows) - 1; i >= 0; i-- {
				if !yield(entry.Candidate{Summary: rows[i].Summary}, nil) {
					return
				}
			}
		}
	}
}

// budget bounds the bytes that a search reads.
type budget struct {
	Files
	most int64
	read atomic.Int64
}

func (b *budget) ReadFile(name string, limit int64) ([]byte, error) {
	body, err := b.Files.ReadFile(name, limit)
	if b.read.Add(int64(len(body))) > b.most {
		return nil, report.WithHint(report.Refusedf("searching the registry reads more than %d bytes", b.most),
			"ask for less: name an image, or an endorser and a tag")
	}
	return body, err
}
