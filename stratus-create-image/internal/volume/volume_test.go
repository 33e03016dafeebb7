package volume

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stratuslab/stratus/lib/peers"
)

var sample = []File{
	{"context.sh", []byte("A='b'\n")},
	{"openstack/latest/meta_data.json", []byte("{}")},
	{"user-data", bytes.Repeat([]byte("x\x00\n"), 1<<20/3)},
	{"empty", nil},
}

func write(t *testing.T, label string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, label, sample); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSameBytes(t *testing.T) {
	first := write(t, "config-2")
	if !bytes.Equal(first, write(t, "config-2")) {
		t.Error("two disks with the same files differ")
	}
	if year := time.Now().Format("2006"); bytes.Contains(first[descriptor:descriptor+2048], []byte(year)) {
		t.Error("the disk has the date in it")
	}
}

// TestPeers lets other programs read the label, the names and the contents.
func TestPeers(t *testing.T) {
	peers.Need(t, "isoinfo", "blkid")
	for _, label := range []string{"cidata", "config-2", "CONTEXT", "_STRATUSLAB"} {
		image := filepath.Join(t.TempDir(), "disk.iso")
		if err := os.WriteFile(image, write(t, label), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := exec.Command("blkid", "-p", "-o", "export", image).Output()
		if err != nil || !strings.Contains(string(got), "\nLABEL="+label+"\n") || !strings.Contains(string(got), "TYPE=iso9660\n") {
			t.Errorf("blkid %s: %v\n%s", label, err, got)
		}
		for _, f := range sample {
			content, err := exec.Command("isoinfo", "-i", image, "-x", "/"+f.Path+";1").Output()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(f.Content), string(content)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", f.Path, diff)
			}
		}
	}
}
