package entry

import (
	"errors"
	"fmt"
	"iter"
	"time"
)

// Candidate is an entry that a search comes across.
type Candidate struct {
	Summary
	Entry *Entry // nil if it has not been read and verified
}

// Found returns a verified entry as a candidate.
func Found(e *Entry) Candidate { return Candidate{e.Summary(), e} }

// Select yields the entries that a query is for. Of each series only the newest
// counts, unless the query gives a time: so candidates come with the newest of each
// series first. load reads and verifies a candidate that has no Entry; candidates
// are loaded only if the result depends on them.
//
// An error that wraps ErrInvalid is about one damaged entry, whose elders count;
// any other error ends the search.
func Select(q Query, now time.Time, candidates iter.Seq2[Candidate, error], load func(Key) (*Entry, error)) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		s := selection{q: q, now: now, load: load, yield: yield, settled: make(map[Series]bool), newer: make(map[Series][]Key)}
		for c, err := range candidates {
			if err == nil {
				err = s.consider(c)
			}
			if s.stopped || err != nil && !s.report(err) {
				return
			}
		}
	}
}

type selection struct {
	q       Query
	now     time.Time
	load    func(Key) (*Entry, error)
	yield   func(*Entry, error) bool
	stopped bool // by the caller
	// settled holds the series whose newest sound entry is known.
	settled map[Series]bool
	// newer holds the entries of a series that the query is not for, and that
	// hide its older entries unless they are damaged.
	newer map[Series][]Key
}

// report passes an error on, and reports whether the search goes on.
func (s *selection) report(err error) bool {
	s.stopped = !s.yield(nil, err) || !errors.Is(err, ErrInvalid)
	return !s.stopped
}

func (s *selection) consider(c Candidate) error {
	of := c.Series()
	switch {
	case s.q.Created == "" && s.settled[of]:
		return nil
	case c.Entry != nil:
		return s.settle(c.Entry)
	case s.q.Matches(c.Summary, s.now):
		for _, k := range s.newer[of] {
			if _, err := s.load(k); err == nil {
				s.settled[of] = true
				return nil
			} else if !errors.Is(err, ErrInvalid) || !s.report(err) {
				return err
			}
		}
		delete(s.newer, of)
		e, err := s.load(c.Key)
		if err == nil && e.Series() != of {
			err = fmt.Errorf("%w: %q is listed as signed with another certificate", ErrInvalid, c.Path())
		}
		if err != nil {
			return err
		}
		return s.settle(e)
	case s.q.concerns(c.Summary):
		s.newer[of] = append(s.newer[of], c.Key)
	}
	return nil
}

// settle yields a sound entry, if the query is for it. It hides the older entries
// of its series.
func (s *selection) settle(e *Entry) error {
	s.settled[e.Series()] = true
	if s.q.Matches(e.Summary(), s.now) {
		s.stopped = !s.yield(e, nil)
	}
	return nil
}
