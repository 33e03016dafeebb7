package diskimage_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/peers"
)

func TestParseFormat(t *testing.T) {
	want := map[string]diskimage.Format{
		"raw": diskimage.Raw, "img": diskimage.Raw, "qcow2": diskimage.Qcow2, "vmdk": diskimage.Vmdk, "vdi": diskimage.Vdi,
		"vhd": diskimage.Vhd, "vpc": diskimage.Vhd, "vhdx": diskimage.Vhdx, "ova": diskimage.Ova,
	}
	got := map[string]diskimage.Format{}
	for name := range want {
		f, err := diskimage.ParseFormat(name)
		if err != nil {
			t.Error(err)
		}
		got[name] = f
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("formats (-want +got):\n%s", diff)
	}
	for _, name := range []string{"", "QCOW2", "qcow", "iso"} {
		_, err := diskimage.ParseFormat(name)
		if err == nil || !strings.Contains(err.Error(), "want raw (or img), qcow2") {
			t.Errorf("ParseFormat(%q) gave %v, want an error that says what is allowed", name, err)
		}
	}
}

func TestTar(t *testing.T) {
	peers.Need(t, "tar")
	dir := t.TempDir()
	long := strings.Repeat("long", 40) + ".ovf"
	for _, name := range []string{"box.ovf", "BOX.OVF", "disk.vmdk", long} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("content"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.ovf"), 0o700); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, args string
		want       diskimage.Format
	}{
		{"ustar", "--format=ustar box.ovf disk.vmdk", diskimage.Ova},
		{"gnu", "--format=gnu box.ovf disk.vmdk", diskimage.Ova},
		{"pax", "--format=pax box.ovf disk.vmdk", diskimage.Ova},
		{"pax global header", "--format=pax --pax-option=globexthdr.name=g,comment=x box.ovf", diskimage.Ova},
		{"long name", "--format=gnu " + long, diskimage.Ova},
		{"upper case", "--format=ustar BOX.OVF", diskimage.Ova},
		{"ovf is second", "--format=ustar disk.vmdk box.ovf", diskimage.Raw},
		{"folder", "--format=ustar folder.ovf", diskimage.Raw},
		{"before ustar", "--format=v7 box.ovf", diskimage.Raw},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			run(t, dir, "tar", append([]string{"-cf", "box.ova"}, strings.Fields(test.args)...)...)
			f, size := open(t, filepath.Join(dir, "box.ova"))
			got, err := diskimage.DetectFile(f, size)
			if err != nil || got != test.want {
				t.Fatalf("DetectFile gave %q, %v, want %q", got, err, test.want)
			}
			if bytes, err := diskimage.CheckSelfContained(f, size, got); (err != nil) != (got == diskimage.Ova) {
				t.Errorf("CheckSelfContained gave %d, %v for %q", bytes, err, got)
			}
		})
	}
}

// TestOldQcow shows that the format before qcow2, with the same magic number,
// is not taken for it.
func TestOldQcow(t *testing.T) {
	peers.Need(t, "qemu-img")
	f, size := open(t, qemuImage(t, "-f qcow disk.image 4M"))
	if got, err := diskimage.DetectFile(f, size); err != nil || got != diskimage.Raw {
		t.Errorf("DetectFile gave %q, %v, want %q", got, err, diskimage.Raw)
	}
}

// TestSniffer writes images in pieces of odd sizes.
func TestSniffer(t *testing.T) {
	peers.Need(t, "qemu-img")
	images := map[string][]byte{
		"empty": nil, "short": []byte("QFI\xfb"), "footer alone": append([]byte("conectix"), make([]byte, 504)...),
		"footer of 511 bytes": append([]byte("conectix"), make([]byte, 503)...),
		"footer cut":          append(make([]byte, 4096), "conectix"...),
	}
	for _, words := range []string{
		"-f raw disk.image 1M", "-f qcow2 disk.image 1M", "-f vmdk disk.image 1M", "-f vmdk -o subformat=monolithicFlat disk.image 1M",
		"-f vdi disk.image 1M", "-f vpc disk.image 1M", "-f vpc -o subformat=fixed disk.image 1M", "-f vhdx disk.image 1M",
	} {
		images[words] = readFile(t, qemuImage(t, words))
	}
	for name, b := range images {
		want, err := diskimage.DetectFile(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, piece := range []int{1, 7, 511, 512, 513, 4099, 65537, 1 << 24} {
			if piece < 512 && len(b) > 1<<21 {
				continue // millions of writes show nothing new
			}
			if got := sniff(t, b, piece); got != want {
				t.Errorf("%s in pieces of %d bytes: sniffed %q, want %q", name, piece, got, want)
			}
		}
	}
}

func sniff(t testing.TB, b []byte, piece int) diskimage.Format {
	t.Helper()
	var sniffer diskimage.Sniffer
	for p := range slices.Chunk(b, piece) {
		if n, err := sniffer.Write(p); n != len(p) || err != nil {
			t.Fatalf("Write gave %d, %v, want %d", n, err, len(p))
		}
	}
	return sniffer.Format()
}

type brokenDisk struct{ err error }

func (d brokenDisk) ReadAt([]byte, int64) (int, error) { return 0, d.err }

func TestReadErrors(t *testing.T) {
	broken := errors.New("broken disk")
	for _, test := range []struct{ err, want error }{{broken, broken}, {io.EOF, diskimage.ErrMalformed}} {
		f := brokenDisk{test.err}
		if _, err := diskimage.DetectFile(f, 4096); !errors.Is(err, test.want) {
			t.Errorf("DetectFile gave %v, want %v", err, test.want)
		}
		for _, format := range []diskimage.Format{diskimage.Qcow2, diskimage.Vmdk, diskimage.Vdi, diskimage.Vhd, diskimage.Vhdx} {
			if _, err := diskimage.CheckSelfContained(f, 1<<20, format); !errors.Is(err, test.want) {
				t.Errorf("CheckSelfContained of %s gave %v, want %v", format, err, test.want)
			}
		}
	}
	if _, err := diskimage.CheckSelfContained(brokenDisk{broken}, 0, "iso"); err == nil {
		t.Error("CheckSelfContained of an unknown format gave no error")
	}
}
