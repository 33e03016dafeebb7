package local

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/json"
	"errors"
	"fmt"
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
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// TestWrite saves one overlay in every form, and reads it back with the peers'
// own programs.
func TestWrite(t *testing.T) {
	peers.Need(t, "qemu-img", "qemu-io", "xz", "bzip2", "gzip", "zstd", "tar")
	dir := t.TempDir()
	const size = 8 << 20
	want := make([]byte, size)
	copy(want, "from the base")
	base := filepath.Join(dir, "base.raw")
	if err := os.WriteFile(base, want, 0o600); err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(dir, "overlay.qcow2")
	if err := createOverlay(t.Context(), overlay, base, diskimage.Raw, size); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("qemu-io", "-f", "qcow2", "-c", "write -P 0x55 1M 64k", overlay).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	copy(want[1<<20:], bytes.Repeat([]byte{0x55}, 64<<10))

	for _, test := range []struct {
		name     string
		clusters engine.Clusters
		inside   string // the compression that qemu-img finds in a qcow2 image
	}{
		{name: "a.raw"}, {name: "a.img.gz"}, {name: "a.raw.bz2"}, {name: "a.raw.xz"}, {name: "a.raw.zst"},
		{"a.qcow2", engine.PlainClusters, "zlib, 0 clusters"}, {"a.qcow2", engine.ZlibClusters, "zlib, 2 clusters"},
		{"a.qcow2", engine.ZstdClusters, "zstd, 2 clusters"}, {"a.qcow2.xz", engine.ZstdClusters, "zlib, 0 clusters"},
		{name: "a.vmdk"}, {name: "a.vdi"}, {name: "a.vhdx"}, {name: "a.vhdx.zst"}, {name: "a.vhd"}, {name: "a.vhd.gz"},
		{name: "a.ova"}, {name: "a.ova.xz"},
	} {
		t.Run(test.name+" "+string(test.clusters), func(t *testing.T) {
			dir := t.TempDir()
			target, err := engine.ParseTarget(filepath.Join(dir, test.name), "")
			if err != nil {
				t.Fatal(err)
			}
			target.Pack, target.Clusters = pack, test.clusters
			sums := write(t, overlay, target, dir)
			plain := decompressed(t, target)
			if diff := cmp.Diff(int64(len(plain)), sums.Bytes); diff != "" {
				t.Errorf("size (-want +got):\n%s", diff)
			}
			if sum := sha512.Sum512(plain); !bytes.Equal(sum[:], sums.SHA512) {
				t.Errorf("SHA-512 %x, want %x", sums.SHA512, sum)
			}
			if got := content(t, plain, target.Format); !bytes.Equal(got, want) {
				t.Errorf("the disk has another content (%d bytes, want %d)", len(got), len(want))
			}
			if test.inside == "" {
				return
			}
			if got := inside(t, plain); got != test.inside {
				t.Errorf("inside: %s, want %s", got, test.inside)
			}
		})
	}
}

// inside returns how the clusters of a qcow2 image are compressed, and how many are.
func inside(t *testing.T, image []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(file, image, 0o600); err != nil {
		t.Fatal(err)
	}
	var info struct {
		FormatSpecific struct {
			Data struct {
				CompressionType string `json:"compression-type"`
			}
		} `json:"format-specific"`
		CompressedClusters int `json:"compressed-clusters"`
	}
	for _, command := range []string{"info", "check"} {
		out, err := exec.Command(imgProgram, command, "-f", "qcow2", "--output=json", file).Output()
		if err == nil {
			err = json.Unmarshal(out, &info)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return fmt.Sprintf("%s, %d clusters", info.FormatSpecific.Data.CompressionType, info.CompressedClusters)
}

func write(t *testing.T, overlay string, target *engine.Target, scratch string) diskimage.Image {
	t.Helper()
	out, err := os.Create(target.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	sums, err := writeImage(t.Context(), overlay, target, out, scratch, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(scratch)
	if err != nil || len(entries) != 1 {
		t.Errorf("besides the image there are files: %v, %v", entries, err)
	}
	return sums
}

// decompressed reads the image with the compression's own program.
func decompressed(t *testing.T, target *engine.Target) []byte {
	t.Helper()
	programs := map[diskimage.Compression]string{
		diskimage.None: "cat", diskimage.Gzip: "zcat", diskimage.Bzip2: "bzcat", diskimage.Xz: "xzcat", diskimage.Zstd: "zstdcat",
	}
	plain, err := exec.Command(programs[target.Compression], target.Path).Output()
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// pack makes an appliance.
func pack(ctx context.Context, w io.Writer, disk string) error {
	return ova.Write(ctx, w, ova.Machine{
		Name: "test", Title: "Test", Disk: disk, CPUs: 1, Memory: 512, Firmware: "bios", DisksBus: "sata",
	})
}

// content is what a guest would see.
func content(t *testing.T, image []byte, format diskimage.Format) []byte {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/image", image, 0o600); err != nil {
		t.Fatal(err)
	}
	if format == diskimage.Ova {
		disk, err := exec.Command("tar", "-xOf", dir+"/image", "--wildcards", "*.vmdk").Output()
		if err != nil {
			t.Fatal(err)
		}
		return content(t, disk, diskimage.Vmdk)
	}
	convert := exec.Command(imgProgram, "convert", "-f", driver(format), "-O", "raw", dir+"/image", dir+"/raw")
	if out, err := convert.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	raw, err := os.ReadFile(dir + "/raw")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestOldProgram has a qemu-img that does not know zstd: it is refused before a build
// unless nothing needs it.
func TestOldProgram(t *testing.T) {
	peers.Need(t, qemuProgram, imgProgram)
	real, err := exec.LookPath(imgProgram)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	old := "#!/bin/sh\ncase $* in *compression_type*) set -- \"$@\" -o compression_tipe=none ;; esac\nexec " + real + ` "$@"` + "\n"
	e := &Engine{Accel: TCG}
	for _, test := range []struct {
		name     string
		clusters engine.Clusters
		old, bad bool
	}{
		{"a.qcow2", engine.ZstdClusters, false, false}, {"a.qcow2", engine.ZstdClusters, true, true},
		{"a.qcow2", engine.PlainClusters, true, false}, {"a.qcow2.gz", engine.ZstdClusters, true, false},
	} {
		program := dir + "/" + imgProgram
		if err := os.RemoveAll(program); err != nil {
			t.Fatal(err)
		}
		if test.old {
			if err := os.WriteFile(program, []byte(old), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		target, err := engine.ParseTarget(test.name, "")
		if err != nil {
			t.Fatal(err)
		}
		target.Clusters = test.clusters
		if err := e.Check(t.Context(), target); (err != nil) != test.bad || err != nil && !strings.Contains(err.Error(), "zstd") {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

func TestPackFails(t *testing.T) {
	peers.Need(t, "qemu-img")
	dir := t.TempDir()
	overlay := filepath.Join(dir, "overlay.qcow2")
	if err := createOverlay(t.Context(), overlay, "/dev/null", diskimage.Raw, 1<<20); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(dir + "/a.ova")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	broken := errors.New("broken packer")
	target := &engine.Target{
		Path: out.Name(), Format: diskimage.Ova, Pack: func(context.Context, io.Writer, string) error { return broken },
	}
	if _, err := writeImage(t.Context(), overlay, target, out, dir, io.Discard); !errors.Is(err, broken) {
		t.Errorf("a packer that fails: %v", err)
	}
	if _, err := os.Stat(dir + "/disk.vmdk"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the intermediate file: %v", err)
	}
}

func TestWriteFails(t *testing.T) {
	peers.Need(t, "qemu-img", "xz")
	dir := t.TempDir()
	overlay := filepath.Join(dir, "overlay.qcow2")
	if err := os.WriteFile(overlay, []byte("no qcow2"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(dir + "/a.raw.xz")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	target := &engine.Target{Path: out.Name(), Format: diskimage.Raw, Compression: diskimage.Xz}
	_, err = writeImage(t.Context(), overlay, target, out, dir, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "qcow2") {
		t.Errorf("a broken overlay: %v, want QEMU's message", err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	good := filepath.Join(dir, "good.qcow2")
	if err := createOverlay(t.Context(), good, "/dev/null", diskimage.Raw, 1<<20); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []diskimage.Compression{diskimage.Gzip, diskimage.Xz, diskimage.Zstd} {
		target := &engine.Target{Path: "full", Format: diskimage.Raw, Compression: kind}
		_, err := writeImage(t.Context(), good, target, full, dir, io.Discard)
		if err == nil || !strings.Contains(err.Error(), "No space left") && !strings.Contains(err.Error(), "no space left") {
			t.Errorf("%s to a full disk: %v", kind, err)
		}
		if _, err := os.Stat(dir + "/image"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the intermediate file: %v", err)
		}
	}
}
