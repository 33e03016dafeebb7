package scripts_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/peers"
)

// TestBaseImageIsReproducible builds the same image twice.
func TestBaseImageIsReproducible(t *testing.T) {
	if testing.Short() {
		t.Skip("an image takes a minute (-short)")
	}
	peers.Need(t, "mmdebstrap", "qemu-img", "mke2fs", "debugfs", "sfdisk")
	build := func() (image, packages string) {
		dir := t.TempDir()
		cmd := exec.Command("./build-base-image", "--size", "1G", "--manifest", dir+"/manifest", "-o", dir+"/base.raw")
		cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=1700000000")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if entries, err := filepath.Glob(dir + "/*"); err != nil || len(entries) != 2 {
			t.Errorf("besides the two outputs there are %q, %v", entries, err)
		}
		manifest, err := os.ReadFile(dir + "/manifest")
		if err != nil {
			t.Fatal(err)
		}
		return sum(t, dir+"/base.raw"), string(manifest)
	}
	image1, packages1 := build()
	image2, packages2 := build()
	if diff := cmp.Diff(packages1, packages2); diff != "" || packages1 == "" {
		t.Fatalf("packages (-first +second):\n%s", diff)
	}
	if image1 != image2 {
		t.Errorf("the images differ: SHA-256 %s and %s", image1, image2)
	}
}

func sum(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}
