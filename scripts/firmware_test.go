package scripts_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/peers"
)

// TestHybridImage builds an image for BIOS and UEFI, and looks at what each of
// them starts from.
func TestHybridImage(t *testing.T) {
	if testing.Short() {
		t.Skip("an image takes a minute (-short)")
	}
	peers.Need(t, "mmdebstrap", "qemu-img", "mke2fs", "debugfs", "sfdisk", "mkfs.vfat", "mcopy", "e2fsck")
	image := t.TempDir() + "/base.raw"
	if out, err := exec.Command("./build-base-image", "--size", "1G", "--firmware", "hybrid", "--context", "opennebula",
		"-o", image).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	read := func(name string, args ...string) string {
		t.Helper()
		out, err := exec.Command(name, args...).Output()
		if err != nil {
			t.Fatalf("%s %q: %v", name, args, err)
		}
		return string(out)
	}
	var parts []string
	for line := range strings.Lines(read("sfdisk", "--dump", image)) {
		if _, fields, ok := strings.Cut(line, " : "); ok {
			place, _, _ := strings.Cut(fields, ", uuid=")
			parts = append(parts, strings.Join(strings.Fields(place), " "))
		}
	}
	want := []string{
		"start= 131072, size= 1964032, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4",
		"start= 2048, size= 2048, type=21686148-6449-6E6F-744E-656564454649",
		"start= 4096, size= 126976, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
	}
	if diff := cmp.Diff(want, parts); diff != "" {
		t.Errorf("partitions (-want +got):\n%s", diff)
	}
	read("sfdisk", "--verify", image)
	read("e2fsck", "-fn", image+"?offset=67108864")
	loader := read("mcopy", "-i", image+"@@2M", "::EFI/BOOT/BOOTX64.EFI", "-")
	if made := read("debugfs", "-R", "cat /boot/grub/x86_64-efi/core.efi", image+"?offset=67108864"); loader != made ||
		!strings.HasPrefix(loader, "MZ") {
		t.Errorf("the loader has %d bytes, want the %d that GRUB made", len(loader), len(made))
	}
	says := read("debugfs", "-R", "cat /etc/cloud/cloud.cfg.d/90-base-image.cfg", image+"?offset=67108864")
	if !strings.Contains(says, "\ndatasource_list: [OpenNebula, None]\n") {
		t.Errorf("cloud-init is told:\n%s", says)
	}
	f, err := os.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for offset, want := range map[int64][]byte{
		0:              {0xeb, 0x63, 0x90},       // GRUB's boot sector begins,
		92:             {0, 8, 0, 0, 0, 0, 0, 0}, // goes on at sector 2048,
		2048*512 + 500: {1, 8, 0, 0, 0, 0, 0, 0}, // and from there at the next
	} {
		got := make([]byte, len(want))
		if _, err := f.ReadAt(got, offset); err != nil || !bytes.Equal(got, want) {
			t.Errorf("at %d: %x, %v, want %x", offset, got, err, want)
		}
	}
}
