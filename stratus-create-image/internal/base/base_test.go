package base

import (
	"crypto/md5"
	"crypto/sha1"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/digest"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/metadata"
)

// TestUnsignedDescription checks images by a description without a signature.
func TestUnsignedDescription(t *testing.T) {
	const content = "the base"
	sha, md := sha1.Sum([]byte(content)), md5.Sum([]byte(content))
	d := metadata.New()
	d.SetImage(diskimage.Image{Bytes: int64(len(content)), SHA1: sha[:], MD5: md[:]})
	src, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "base.xml")
	if err := os.WriteFile(path, src, 0o600); err != nil {
		t.Fatal(err)
	}
	description, err := ReadDescription(path)
	if err != nil {
		t.Fatal(err)
	}
	found, err := (&Source{Name: Name{Form: File}, Description: description}).Find(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ content, want string }{
		{"the base", ""}, {"THE BASE", "its SHA-1 is"}, {"another", "it has 7 bytes, want 8"},
	} {
		sums, err := digest.Raw(t.Context(), strings.NewReader(test.content))
		if err != nil {
			t.Fatal(err)
		}
		if err := found.check(&Image{Sums: sums}); (err == nil) != (test.want == "") || err != nil &&
			!strings.Contains(err.Error(), test.want) {
			t.Errorf("a base with %q: %v, want %q", test.content, err, test.want)
		}
	}
}
