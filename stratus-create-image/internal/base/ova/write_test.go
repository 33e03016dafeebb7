package ova

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func machine(disk string) Machine {
	return Machine{
		Name: "debian-12_x", Title: `A <server> & "more"`, Disk: disk, CPUs: 2, Memory: 1024,
		Firmware: "uefi", DisksBus: "sata", Time: time.Date(2026, 11, 23, 1, 2, 3, 4, time.UTC),
	}
}

// TestWrite has other programs look at what is written, and then ours.
func TestWrite(t *testing.T) {
	raw, vmdk := newDisk(t, "streamOptimized")
	var b, again bytes.Buffer
	for _, w := range []io.Writer{&b, &again} {
		if err := Write(t.Context(), w, machine(vmdk)); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Error("written again, the archive differs")
	}
	dir := t.TempDir()
	file := writeFile(t, dir+"/x.ova", b.Bytes())
	if diff := cmp.Diff("debian-12_x.ovf\ndebian-12_x.mf\ndebian-12_x-disk1.vmdk\n", run(t, "tar", "-tf", file)); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	run(t, "tar", "-xf", file, "-C", dir)
	run(t, "xmllint", "--noout", "--nonet", dir+"/debian-12_x.ovf")
	if title := run(t, "xmllint", "--xpath", "string(//*[local-name()='VirtualSystem']/*[local-name()='Info'])",
		dir+"/debian-12_x.ovf"); title != `A <server> & "more"`+"\n" {
		t.Errorf("title %q", title)
	}
	// The manifest, in the form that sha256sum checks.
	lines := strings.NewReplacer("SHA256(", "SHA256 (", ")= ", ") = ").Replace(string(readFile(t, dir+"/debian-12_x.mf")))
	t.Chdir(dir)
	run(t, "sha256sum", "--strict", "-c", writeFile(t, dir+"/sums", []byte(lines)))
	for _, name := range []string{file, dir + "/debian-12_x.ovf"} {
		a, err := Open(t.Context(), name, options(t))
		if err != nil {
			t.Fatal(err)
		}
		sameDisk(t, raw, a)
		if a.DisksBus != "sata" || a.Warnings != nil {
			t.Errorf("%+v", a)
		}
	}
}

func TestWriteEveryHint(t *testing.T) {
	_, vmdk := newDisk(t, "streamOptimized")
	for _, bus := range []string{"ide", "scsi", "sata"} {
		for _, firmware := range []string{"bios", "uefi"} {
			m := machine(vmdk)
			m.DisksBus, m.Firmware = bus, firmware
			text, err := describe(m, "d.vmdk", 1, 2)
			if err != nil {
				t.Fatal(err)
			}
			d, err := parseDescriptor(text)
			if err != nil {
				t.Fatal(err)
			}
			hint := fmt.Sprintf(`vmw:key="firmware" vmw:value="%s"`, strings.TrimPrefix(firmware, "u"))
			if !bytes.Contains(text, []byte(hint)) || d.bus != bus || d.capacity != 2 || !d.vmdk || d.href != "d.vmdk" {
				t.Errorf("%s and %s give %+v", bus, firmware, d)
			}
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	raw, vmdk := newDisk(t, "streamOptimized")
	_, thin := newDisk(t, "monolithicSparse")
	tests := map[string]struct {
		change func(m *Machine)
		want   string
	}{
		"raw":      {func(m *Machine) { m.Disk = raw }, "the format raw is not supported; want vmdk"},
		"sparse":   {func(m *Machine) { m.Disk = thin }, "subformat of the VMDK is not supported; want streamOptimized"},
		"bus":      {func(m *Machine) { m.DisksBus = "virtio" }, `disk bus "virtio"`},
		"firmware": {func(m *Machine) { m.Firmware = "" }, `firmware ""`},
		"memory":   {func(m *Machine) { m.Memory = 0 }, "2 CPUs and 0 MiB"},
		"name":     {func(m *Machine) { m.Name = "../x" }, `not a valid name: "../x"`},
		"no name":  {func(m *Machine) { m.Name = "" }, `not a valid name: ""`},
		"title":    {func(m *Machine) { m.Title = "\x00" }, `not a valid title: "\x00"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := machine(vmdk)
			test.change(&m)
			var b bytes.Buffer
			if err := Write(t.Context(), &b, m); err == nil || !strings.Contains(err.Error(), test.want) || b.Len() > 0 {
				t.Errorf("error %v after %d bytes, want %q", err, b.Len(), test.want)
			}
		})
	}
	stopped := errors.New("stopped by the user")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stopped)
	if err := Write(ctx, io.Discard, machine(vmdk)); !errors.Is(err, stopped) {
		t.Errorf("after the end of the context: %v", err)
	}
}

// TestLargeHeader: what is too large for USTAR has no extended header.
func TestLargeHeader(t *testing.T) {
	for size, want := range map[int64]string{1<<33 - 1: "USTAR", 1 << 33: "GNU"} {
		if got := header("x", size, time.Time{}).Format.String(); got != want {
			t.Errorf("%d bytes: %s, want %s", size, got, want)
		}
	}
}
