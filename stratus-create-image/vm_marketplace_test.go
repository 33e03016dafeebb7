package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/metadata"
)

// TestFromIdentifier makes an image from one in a Marketplace, and nothing but
// its identifier; its description is the one that counts.
func TestFromIdentifier(t *testing.T) {
	base, err := filepath.Abs(testBase(t))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	if w.image, err = os.ReadFile(base); err != nil {
		t.Fatal(err)
	}
	w.location = "file://" + base
	w.describe(entrytest.Description{Texts: map[metadata.Term]string{metadata.Format: "qcow2", metadata.Publisher: "Example"}})
	id := w.identifier()
	const replaced = "J7M1U1pZuOJOcq_d7bypZorP2KY"
	b := start(t, t.TempDir(), w.trusted("--network", "none", "--run", "uname", "--replaces", replaced, "-o", "out.qcow2", id)...)
	if code := b.wait(); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, b.stderr.String())
	}
	t.Logf("%s", b.stderr.String())
	w.checkCached()
	d, err := metadata.Parse(&b.stdout)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, term := range []metadata.Term{metadata.IsVersionOf, metadata.Replaces, metadata.Version, metadata.Publisher} {
		got[term.Name] = d.Text(term)
	}
	want := map[string]string{"isVersionOf": id, "replaces": replaced, "version": "1.10", "publisher": "Example"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the draft (-want +got):\n%s", diff)
	}
}
