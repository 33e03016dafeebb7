package local

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// image has qemu-img make an image of the disk, compressed where an option says how.
func image(t *testing.T, disk, driver, options string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "base,image") // no extension says what it is
	args := []string{"convert", "-f", "raw", "-O", driver}
	if options != "" {
		args = append(args, "-o", options)
	}
	if strings.Contains(options, "compression_type") {
		args = append(args, "-c")
	}
	if out, err := exec.Command(imgProgram, append(args, disk, path)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestBases lays an overlay over a base of every format, writes to it, and
// reads both back.
func TestBases(t *testing.T) {
	peers.Need(t, imgProgram, "qemu-io")
	disk := filepath.Join(t.TempDir(), "disk.raw")
	want := make([]byte, 8<<20)
	copy(want, "first")
	copy(want[len(want)-512:], "last")
	if err := os.WriteFile(disk, want, 0o600); err != nil {
		t.Fatal(err)
	}
	copy(want[1<<20:], bytes.Repeat([]byte{0x55}, 64<<10))
	for _, test := range []struct{ driver, options string }{
		{"raw", ""}, {"qcow2", ""}, {"qcow2", "compat=0.10"}, {"qcow2", "compression_type=zstd"}, {"vdi", ""}, {"vdi", "static=on"},
		{"vhdx", ""}, {"vhdx", "subformat=fixed"},
		{"vpc", ""}, {"vpc", "force_size=on"}, {"vpc", "subformat=fixed"}, {"vmdk", ""}, {"vmdk", "subformat=streamOptimized"},
	} {
		t.Run(test.driver+" "+test.options, func(t *testing.T) {
			base := image(t, disk, test.driver, test.options)
			before := readFile(t, base)
			format, err := diskimage.ParseFormat(test.driver)
			if err != nil {
				t.Fatal(err)
			}
			size, err := diskimage.CheckSelfContained(bytes.NewReader(before), int64(len(before)), format)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			overlay := filepath.Join(dir, "overlay")
			if err := createOverlay(t.Context(), overlay, base, format, size); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("qemu-io", "-f", "qcow2", "-c", "write -P 0x55 1M 64k", overlay).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if err := convertDisk(t.Context(), overlay, dir+"/raw", &engine.Target{Format: diskimage.Raw}); err != nil {
				t.Fatal(err)
			}
			got := readFile(t, dir+"/raw")
			if rest, found := bytes.CutPrefix(got, want); !found || len(bytes.Trim(rest, "\x00")) != 0 {
				t.Errorf("the disk over the base has another content, and %d bytes, want %d", len(got), len(want))
			}
			if !bytes.Equal(before, readFile(t, base)) {
				t.Error("the base was written to")
			}
		})
	}
}

func TestHead(t *testing.T) {
	peers.Need(t, imgProgram)
	dir := t.TempDir()
	disk := filepath.Join(dir, "disk.raw")
	want := bytes.Repeat([]byte("0123456789abcdef"), 4<<20/16)
	if err := os.WriteFile(disk, want, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		driver string
		format diskimage.Format
	}{
		{"raw", diskimage.Raw}, {"qcow2", diskimage.Qcow2}, {"vdi", diskimage.Vdi},
		{"vpc", diskimage.Vhd}, {"vhdx", diskimage.Vhdx}, {"vmdk", diskimage.Vmdk},
	} {
		scratch := t.TempDir()
		const size = 17 << 10
		got, err := readHead(t.Context(), image(t, disk, test.driver, ""), test.format, scratch, size)
		if err != nil || !bytes.Equal(got, want[:size]) {
			t.Errorf("%s: the head has %d bytes, %v", test.driver, len(got), err)
		}
		if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
			t.Errorf("%s: %v are left over, %v", test.driver, left, err)
		}
	}
	small := filepath.Join(dir, "small.raw")
	if err := os.WriteFile(small, want[:1024], 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := readHead(t.Context(), small, diskimage.Raw, dir, 4096); err != nil || !bytes.Equal(got, want[:1024]) {
		t.Errorf("a small disk: %q, %v", got, err)
	}
	if _, err := readHead(t.Context(), small, diskimage.Qcow2, dir, 4096); err == nil || !strings.Contains(err.Error(), "qcow2") {
		t.Errorf("another format: %v, want QEMU's message", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	if _, err := readHead(ctx, small, diskimage.Raw, dir, 4096); !errors.Is(err, enough) {
		t.Errorf("cancelled: %v", err)
	}
}
