package registry

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/report"
)

// TestBudget: a search ends when the files, each within its own limit, are too much
// together, or take too long.
func TestBudget(t *testing.T) {
	dir := t.TempDir()
	jane := entrytest.NewEndorser(t, "jane@example.org")
	size := 0
	var image string
	for _, content := range []string{"one", "two", "three"} {
		e := jane.Entry(t, entrytest.Description{Content: content})
		name := filepath.Join(dir, e.Path())
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, e.Source, 0o644); err != nil {
			t.Fatal(err)
		}
		size, image = size+len(e.Source), e.Identifier
	}
	files, err := Local(dir)
	if err != nil {
		t.Fatal(err)
	}
	ofImage := entry.Query{Identifier: image}
	tests := map[string]struct {
		query entry.Query
		bytes int
		time  time.Duration
		found int
		text  string // of the error; "" is none
	}{
		"enough":                {bytes: 10 * size, time: time.Hour, found: 3},
		"bytes":                 {bytes: size - 1, time: time.Hour, text: "reads more than"},
		"bytes, for one image":  {query: ofImage, bytes: 1, time: time.Hour, text: "reads more than 1 bytes"},
		"time":                  {bytes: 10 * size, time: time.Nanosecond, text: "takes more than 1ns"},
		"time, for one image":   {query: ofImage, bytes: 10 * size, time: time.Nanosecond, text: "takes more than 1ns"},
		"enough, for one image": {query: ofImage, bytes: 10 * size, time: time.Hour, found: 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := New(files)
			r.searchBytes, r.searchTime = int64(test.bytes), test.time
			found := 0
			var last error
			for _, err := range r.Find(t.Context(), test.query) {
				if last != nil {
					t.Errorf("goes on after %v", last)
				}
				if last = err; err == nil {
					found++
				}
			}
			if test.text == "" {
				if last != nil || found != test.found {
					t.Errorf("found %d, %v; want %d", found, last, test.found)
				}
				return
			}
			if report.KindOf(last) != report.Refused || !strings.Contains(last.Error(), test.text) || found == 3 {
				t.Errorf("found %d, got %v, want %q", found, last, test.text)
			}
		})
	}
}
