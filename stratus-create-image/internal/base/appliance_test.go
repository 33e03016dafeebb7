package base

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base/ova"
)

const diskSize = 8 << 20

// appliance makes one with a disk of diskSize bytes, and unpacks it into the
// same directory.
func appliance(t *testing.T) (dir string) {
	t.Helper()
	peers.Need(t, "qemu-img", "tar", "gzip")
	dir = t.TempDir()
	run(t, "qemu-img", "create", "-q", "-f", "raw", dir+"/raw", "8M")
	run(t, "qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized", dir+"/raw", dir+"/vmdk")
	var b bytes.Buffer
	if err := ova.Write(t.Context(), &b, ova.Machine{Name: "box", Title: "Box", Disk: dir + "/vmdk", CPUs: 1, Memory: 64,
		Firmware: "bios", DisksBus: "scsi"}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/box.ova", b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "gzip", "-k", dir+"/box.ova")
	run(t, "tar", "-xf", dir+"/box.ova", "-C", dir)
	return dir
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
}

func sha(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha1.Sum(content)
	return sum[:]
}

// shape is what is told of an image.
type shape struct {
	Path     string // below the scratch directory, or absolute
	Copied   bool
	Format   diskimage.Format
	Size     int64
	DisksBus string
	SHA1     []byte
}

func shapeOf(t *testing.T, i *Image, scratch string) shape {
	t.Helper()
	if len(i.Warnings) > 0 {
		t.Errorf("warnings: %q", i.Warnings)
	}
	s := shape{i.Path, i.copied, i.Format, i.Size, i.DisksBus, i.Sums.SHA1}
	if rest, ok := strings.CutPrefix(i.Path, scratch+"/"); ok && scratch != "" {
		s.Path = rest
		info, err := os.Stat(i.Path)
		if err != nil || info.Size() == 0 {
			t.Errorf("the copy: %v", err)
		}
	}
	return s
}

func TestAppliance(t *testing.T) {
	dir := appliance(t)
	sum, disk := sha(t, dir+"/box.ova"), dir+"/box-disk1.vmdk"
	for _, test := range []struct {
		name, scratch string
		want          shape
		left          []string // in the scratch directory
	}{
		{"box.ova", t.TempDir(), shape{"disk", true, diskimage.Vmdk, diskSize, "scsi", sum}, []string{"disk"}},
		{"box.ova.gz", t.TempDir(), shape{"disk", true, diskimage.Vmdk, diskSize, "scsi", sum}, []string{"disk"}},
		{"box.ovf", t.TempDir(), shape{disk, false, diskimage.Vmdk, diskSize, "scsi", sha(t, disk)}, nil},
		{"box.ova", "", shape{"disk", true, diskimage.Ova, 0, "", sum}, nil},
		{"box.ova.gz", "", shape{"disk", true, diskimage.Ova, 0, "", sum}, nil},
		{"box.ovf", "", shape{disk, false, diskimage.Vmdk, diskSize, "scsi", sha(t, disk)}, nil},
	} {
		i, err := Open(t.Context(), filepath.Join(dir, test.name), test.scratch, io.Discard)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if diff := cmp.Diff(test.want, shapeOf(t, i, test.scratch)); diff != "" {
			t.Errorf("%s in %q (-want +got):\n%s", test.name, test.scratch, diff)
		}
		if err := i.CheckUnchanged(); err != nil {
			t.Error(err)
		}
		if test.scratch == "" {
			continue
		}
		var left []string
		entries, err := os.ReadDir(test.scratch)
		for _, e := range entries {
			left = append(left, e.Name())
		}
		if diff := cmp.Diff(test.left, left); diff != "" || err != nil {
			t.Errorf("%s leaves %v (-want +got):\n%s", test.name, err, diff)
		}
	}
}

// TestDigestedAppliance is how one is taken in that was downloaded.
func TestDigestedAppliance(t *testing.T) {
	dir := appliance(t)
	first, err := Open(t.Context(), dir+"/box.ova", "", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(dir + "/box.ova")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	i, err := openDigested(f, first.Sums)
	if err != nil {
		t.Fatal(err)
	}
	scratch := t.TempDir()
	for range 2 { // again changes nothing
		if err := i.unpack(t.Context(), scratch); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(shape{"disk", true, diskimage.Vmdk, diskSize, "scsi", first.Sums.SHA1},
			shapeOf(t, i, scratch)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// TestBadAppliances changes a byte of the disk, of which the manifest knows,
// and takes the disk away.
func TestBadAppliances(t *testing.T) {
	dir := appliance(t)
	disk := dir + "/box-disk1.vmdk"
	content, err := os.ReadFile(disk)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	if err := os.WriteFile(disk, content, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "tar", "--format=ustar", "-C", dir, "-cf", dir+"/bad.ova", "box.ovf", "box.mf", "box-disk1.vmdk")
	run(t, "tar", "--format=ustar", "-C", dir, "-cf", dir+"/empty.ova", "box.ovf", "box.mf")
	for name, want := range map[string]string{"bad.ova": "box-disk1.vmdk", "box.ovf": "box-disk1.vmdk",
		"empty.ova": "box-disk1.vmdk", "missing.ovf": "missing.ovf"} {
		if _, err := Open(t.Context(), filepath.Join(dir, name), t.TempDir(), io.Discard); !errors.Is(err, ErrUnusable) ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want ErrUnusable and %q", name, err, want)
		}
	}
}

// TestBomb decompresses what becomes larger than it may.
func TestBomb(t *testing.T) {
	peers.Need(t, "gzip")
	name := t.TempDir() + "/zeros"
	if err := os.WriteFile(name, make([]byte, 4<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "gzip", name)
	for _, scratch := range []string{t.TempDir(), ""} {
		for _, test := range []struct {
			limit int64
			bad   bool
		}{{4<<20 - 1, true}, {4 << 20, false}} {
			i, f, err := open(name + ".gz")
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			i.limit = test.limit
			err = i.load(t.Context(), f, scratch, io.Discard)
			if errors.Is(err, ErrUnusable) != test.bad || (err == nil) == test.bad {
				t.Errorf("limit %d: %v", test.limit, err)
			}
			if scratch != "" {
				if err := os.Remove(i.Path); err != nil {
					t.Error(err)
				}
			}
		}
	}
	for packed, want := range map[int64]int64{0: 16 << 30, 1 << 20: 16 << 30, 4 << 20: 4 << 20 * 10000,
		1 << 62: maxDisk / 10000 * 10000} {
		if got := maxUnpacked(packed); got != want {
			t.Errorf("maxUnpacked(%d) = %d, want %d", packed, got, want)
		}
	}
}
