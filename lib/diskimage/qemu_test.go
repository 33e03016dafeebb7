package diskimage_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/peers"
)

// run runs a program in a directory and returns what it printed.
func run(t testing.TB, dir, name string, args ...string) []byte {
	t.Helper()
	command := exec.Command(name, args...)
	command.Dir = dir
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return out
}

// qemuImage makes disk.image with the words after "qemu-img create -q", and
// the base they mention. It returns the path of the image.
func qemuImage(t testing.TB, words string) string {
	t.Helper()
	dir := t.TempDir()
	for _, format := range []string{"qcow2", "vmdk"} {
		if base := "base." + format; strings.Contains(words, base) {
			run(t, dir, "qemu-img", "create", "-q", "-f", format, base, "4M")
		}
	}
	run(t, dir, "qemu-img", append([]string{"create", "-q"}, strings.Fields(words)...)...)
	return filepath.Join(dir, "disk.image")
}

func qemuVirtualSize(t testing.TB, path, driver string) int64 {
	t.Helper()
	out := run(t, filepath.Dir(path), "qemu-img", "info", "-f", driver, "--output=json", path)
	var info struct {
		VirtualSize int64 `json:"virtual-size"`
	}
	if err := json.Unmarshal(out, &info); err != nil {
		t.Fatalf("reading the answer of qemu-img info: %v", err)
	}
	return info.VirtualSize
}

func TestQemuImages(t *testing.T) {
	peers.Need(t, "qemu-img")
	tests := []struct {
		name, words string
		driver      string
		want        diskimage.Format
		foreign     string // what the error must name, if the image is foreign
	}{
		{"raw", "-f raw disk.image 4M", "raw", diskimage.Raw, ""},
		{"qcow2 v2", "-f qcow2 -o compat=0.10 disk.image 5M", "qcow2", diskimage.Qcow2, ""},
		{"qcow2 v3", "-f qcow2 disk.image 6T", "qcow2", diskimage.Qcow2, ""},
		{"qcow2 zstd", "-f qcow2 -o compression_type=zstd disk.image 6T", "qcow2", diskimage.Qcow2, ""},
		{
			"qcow2 v2 backing", "-f qcow2 -o compat=0.10 -b base.qcow2 -F qcow2 disk.image", "qcow2", diskimage.Qcow2,
			`"base.qcow2"`,
		},
		{"qcow2 v3 backing", "-f qcow2 -b base.qcow2 -F qcow2 disk.image", "qcow2", diskimage.Qcow2, `"base.qcow2"`},
		{"qcow2 data file", "-f qcow2 -o data_file=data.raw disk.image 4M", "qcow2", diskimage.Qcow2, `"data.raw"`},
		{"vmdk sparse", "-f vmdk disk.image 7M", "vmdk", diskimage.Vmdk, ""},
		{"vmdk stream", "-f vmdk -o subformat=streamOptimized disk.image 7M", "vmdk", diskimage.Vmdk, ""},
		{"vmdk backing", "-f vmdk -b base.vmdk -F vmdk disk.image", "vmdk", diskimage.Vmdk, `"base.vmdk"`},
		{"vmdk flat", "-f vmdk -o subformat=monolithicFlat disk.image 4M", "", diskimage.Vmdk, `"disk-flat.image"`},
		{"vmdk split sparse", "-f vmdk -o subformat=twoGbMaxExtentSparse disk.image 5G", "", diskimage.Vmdk, `"disk-s001.image"`},
		{"vmdk split flat", "-f vmdk -o subformat=twoGbMaxExtentFlat disk.image 5G", "", diskimage.Vmdk, `"disk-f001.image"`},
		{"vdi dynamic", "-f vdi disk.image 9M", "vdi", diskimage.Vdi, ""},
		{"vdi static", "-f vdi -o static=on disk.image 9M", "vdi", diskimage.Vdi, ""},
		{"vhd dynamic", "-f vpc disk.image 11M", "vpc", diskimage.Vhd, ""},
		{"vhd fixed", "-f vpc -o subformat=fixed disk.image 11M", "vpc", diskimage.Vhd, ""},
		{"vhd exact size", "-f vpc -o force_size=on disk.image 11M", "vpc", diskimage.Vhd, ""},
		{"vhdx dynamic", "-f vhdx disk.image 13M", "vhdx", diskimage.Vhdx, ""},
		{"vhdx fixed", "-f vhdx -o subformat=fixed disk.image 13M", "vhdx", diskimage.Vhdx, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := qemuImage(t, test.words)
			f, size := open(t, path)
			got, err := diskimage.DetectFile(f, size)
			if err != nil || got != test.want {
				t.Fatalf("DetectFile gave %q, %v, want %q", got, err, test.want)
			}
			bytes, err := diskimage.CheckSelfContained(f, size, got)
			if test.foreign != "" {
				if !errors.Is(err, diskimage.ErrForeign) || !strings.Contains(err.Error(), test.foreign) {
					t.Errorf("CheckSelfContained gave %v, want ErrForeign naming %s", err, test.foreign)
				}
				return
			}
			if want := qemuVirtualSize(t, path, test.driver); err != nil || bytes != want {
				t.Errorf("CheckSelfContained gave %d, %v, qemu-img info %d", bytes, err, want)
			}
		})
	}
}

// TestConverted reads images that hold data, as conversion leaves them.
func TestConverted(t *testing.T) {
	peers.Need(t, "qemu-img")
	dir := t.TempDir()
	content := bytes.Repeat([]byte("every block of this disk holds data\n"), 2<<20/36)
	content = append(content, make([]byte, 2<<20-len(content))...)
	if err := os.WriteFile(filepath.Join(dir, "disk.raw"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{
		"qcow2", "qcow2 -c", "vmdk", "vmdk -o subformat=streamOptimized", "vdi", "vpc -o force_size=on", "vhdx",
		"vhdx -o subformat=fixed",
	} {
		t.Run(words, func(t *testing.T) {
			args := append([]string{"convert", "-f", "raw", "-O"}, strings.Fields(words)...)
			run(t, dir, "qemu-img", append(args, "disk.raw", "disk.image")...)
			f, size := open(t, filepath.Join(dir, "disk.image"))
			want, err := diskimage.ParseFormat(strings.Fields(words)[0])
			if err != nil {
				t.Fatal(err)
			}
			got, err := diskimage.DetectFile(f, size)
			if err != nil || got != want {
				t.Fatalf("DetectFile gave %q, %v, want %q", got, err, want)
			}
			if bytes, err := diskimage.CheckSelfContained(f, size, got); err != nil || bytes != int64(len(content)) {
				t.Errorf("CheckSelfContained gave %d, %v, want %d", bytes, err, len(content))
			}
		})
	}
}

// open opens a file and returns its size.
func open(t testing.TB, path string) (*os.File, int64) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return f, info.Size()
}
