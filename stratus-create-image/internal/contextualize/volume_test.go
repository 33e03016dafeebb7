package contextualize

import (
	"bytes"
	"io"
	"io/fs"
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

func makeDisk(t *testing.T, label string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := writeVolume(&b, label, sample); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestVolumeSameBytes(t *testing.T) {
	first := makeDisk(t, "config-2")
	if !bytes.Equal(first, makeDisk(t, "config-2")) {
		t.Error("two disks with the same files differ")
	}
	if year := time.Now().Format("2006"); bytes.Contains(first[descriptor:descriptor+2048], []byte(year)) {
		t.Error("the disk has the date in it")
	}
}

// staged looks for a text in a directory when something is written to it.
type staged struct {
	t         *testing.T
	dir, text string
	files     int
}

func (s *staged) Write(p []byte) (int, error) {
	err := filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		s.files++
		content, err := os.ReadFile(path)
		if strings.Contains(string(content), s.text) {
			s.t.Errorf("%s has the content", path)
		}
		return err
	})
	return len(p), err
}

// TestVolumeSecret: what is put on a disk lies nowhere else, not even for a while.
func TestVolumeSecret(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	w := &staged{t: t, dir: os.TempDir(), text: "a host's private key"}
	if err := writeVolume(w, "cidata", []File{{"user-data", []byte(w.text)}, {"a/b", []byte(w.text)}}); err != nil {
		t.Fatal(err)
	}
	if w.files != 2 {
		t.Errorf("the library has %d files there; where are they?", w.files)
	}
	if left, err := os.ReadDir(w.dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestRefused: a name that the disk would change is no place for a file.
func TestVolumeRefused(t *testing.T) {
	for _, paths := range [][]string{{"README"}, {"a.b.c"}, {strings.Repeat("x", 31)}, {"a", "a"}, {"a", "a/b"}} {
		files := make([]File, len(paths))
		for i, path := range paths {
			files[i] = File{path, make([]byte, i)}
		}
		if err := writeVolume(io.Discard, "cidata", files); err == nil {
			t.Errorf("%q are taken", paths)
		}
	}
}

// TestVolumePeers lets other programs read the label, the names and the contents.
func TestVolumePeers(t *testing.T) {
	peers.Need(t, "isoinfo", "blkid")
	for _, label := range []string{"cidata", "config-2", "CONTEXT", "_STRATUSLAB"} {
		image := filepath.Join(t.TempDir(), "disk.iso")
		if err := os.WriteFile(image, makeDisk(t, label), 0o600); err != nil {
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
