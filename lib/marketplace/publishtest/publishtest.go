// Package publishtest publishes entries into directories for tests. It is for tests
// only.
package publishtest

import (
	"context"
	"testing"

	"github.com/stratuslab/stratus/lib/marketplace"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/publish"
	"github.com/stratuslab/stratus/lib/remote"
)

// Into publishes entries into a directory, as another program would.
func Into(t testing.TB, dir string, entries ...*entry.Entry) {
	t.Helper()
	w, err := publish.Local(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if _, _, err := w.Publish(context.Background(), e); err != nil {
			t.Fatal(err)
		}
	}
}

// Open opens an endpoint for reading.
func Open(t testing.TB, endpoint string) (marketplace.Finder, error) {
	t.Helper()
	return marketplace.Open(t.Context(), endpoint, remote.Options{})
}
