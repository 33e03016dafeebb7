package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	build := func() (layout, packages string) {
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
		return diskLayout(t, dir+"/base.raw"), string(manifest)
	}
	layout1, packages1 := build()
	layout2, packages2 := build()
	if diff := cmp.Diff(packages1, packages2); diff != "" || packages1 == "" {
		t.Fatalf("packages (-first +second):\n%s", diff)
	}
	if diff := cmp.Diff(layout1, layout2); diff != "" {
		t.Errorf("layouts (-first +second):\n%s", diff)
	}
}

// diskLayout is the partition table without the file's name, and what identifies
// the file system.
func diskLayout(t *testing.T, path string) string {
	t.Helper()
	table, err := exec.Command("sfdisk", "--dump", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	super, err := exec.Command("debugfs", "-R", "stats -h", path+"?offset=1048576").Output()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(table), path, "DISK")
	for line := range strings.Lines(string(super)) {
		if strings.Contains(line, "UUID") || strings.Contains(line, "Hash Seed") || strings.Contains(line, "count:") ||
			strings.Contains(line, "created:") {
			text += line
		}
	}
	return text
}
