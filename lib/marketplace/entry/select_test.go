package entry

import (
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/signature"
)

// TestSelect: the newest of each series counts, damaged entries are reported and their
// elders count, and nothing is loaded that does not matter.
func TestSelect(t *testing.T) {
	verified, err := Verify(signed(t))
	if err != nil {
		t.Fatal(err)
	}
	e := verified.Summary()
	unlike := func(change func(*Summary)) Summary { s := e; change(&s); return s }
	at := func(created string) Summary { return unlike(func(s *Summary) { s.Created = created }) }
	other := func(created string) Summary {
		return unlike(func(s *Summary) { s.Created, s.Fingerprint = created, "other" })
	}
	tagged := func(s Summary) Summary { s.Tag = "web"; return s }
	failure := errors.New("the disk is gone")
	tests := map[string]struct {
		q          Query
		candidates []Summary
		damaged    string // time of the entry that is damaged
		failing    string // time of the entry at which everything fails
		loaded     []string
		errors     int
	}{
		"nothing":    {},
		"the newest": {candidates: []Summary{at("3"), at("2")}, loaded: []string{"3"}},
		"a damaged newest": {candidates: []Summary{at("3"), at("2"), at("1")},
			damaged: "3", loaded: []string{"3", "2"}, errors: 1},
		"two series":        {candidates: []Summary{at("3"), other("2"), at("1")}, loaded: []string{"3", "2"}, errors: 1},
		"a newer one hides": {q: Query{Tag: "web"}, candidates: []Summary{at("3"), tagged(at("2"))}, loaded: []string{"3"}},
		"a damaged newer one": {q: Query{Tag: "web"}, candidates: []Summary{at("3"), tagged(at("2"))},
			damaged: "3", loaded: []string{"3", "2"}, errors: 1},
		"nothing older matters": {q: Query{Tag: "web"}, candidates: []Summary{at("3"), at("2")}},
		"a time":                {q: Query{Created: "2"}, candidates: []Summary{at("3"), at("2"), at("1")}, loaded: []string{"2"}},
		"a failure":             {candidates: []Summary{at("3"), other("2")}, failing: "3", loaded: []string{"3"}, errors: 1},
		"a failure of what is newer": {q: Query{Tag: "web"}, candidates: []Summary{at("3"), tagged(at("2"))},
			failing: "3", loaded: []string{"3"}, errors: 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var loaded []string
			load := func(k Key) (*Entry, error) {
				loaded = append(loaded, k.Created)
				switch k.Created {
				case test.damaged:
					return nil, fmt.Errorf("%w: damaged", ErrInvalid)
				case test.failing:
					return nil, failure
				}
				found := *verified
				found.Created = k.Created
				return &found, nil
			}
			failed := 0
			for _, err := range Select(test.q, time.Now(), unread(test.candidates), load) {
				if err != nil {
					failed++
				}
			}
			if diff := cmp.Diff(test.loaded, loaded); diff != "" || failed != test.errors {
				t.Errorf("%d errors, want %d; loaded (-want +got):\n%s", failed, test.errors, diff)
			}
		})
	}
}

func unread(summaries []Summary) iter.Seq2[Candidate, error] {
	return func(yield func(Candidate, error) bool) {
		for _, s := range summaries {
			if !yield(Candidate{Summary: s}, nil) {
				return
			}
		}
	}
}

// TestSelectStops: a search that has enough reads nothing more.
func TestSelectStops(t *testing.T) {
	candidates := func(yield func(Candidate, error) bool) {
		for n := range 10 {
			by := &Entry{Key: Key{anID, anMail, fmt.Sprint(n), ""}, Endorsed: new(signature.Endorsed)}
			if n > 0 {
				t.Error("more is read")
			}
			if !yield(Candidate{Entry: by}, fmt.Errorf("%w: damaged", ErrInvalid)) {
				return
			}
		}
	}
	for _, err := range Select(Query{}, time.Now(), candidates, nil) {
		if !errors.Is(err, ErrInvalid) {
			t.Error(err)
		}
		break
	}
}
