package ova

import (
	"archive/tar"
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
)

const mib = 1 << 20

func run(t testing.TB, command ...string) string {
	t.Helper()
	peers.Need(t, command[0])
	out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v\n%s", command, err, out)
	}
	return string(out)
}

func writeFile(t testing.TB, name string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// newDisk makes a raw disk of 8 MiB with something in it, and a VMDK of it.
func newDisk(t testing.TB, subformat string) (raw, vmdk string) {
	t.Helper()
	content := make([]byte, 8*mib)
	for i := range 256 << 10 {
		content[3*mib+i] = byte(i * i >> 7)
	}
	dir := t.TempDir()
	raw, vmdk = writeFile(t, dir+"/disk.raw", content), dir+"/disk.vmdk"
	run(t, "qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o", "subformat="+subformat, raw, vmdk)
	return raw, vmdk
}

// member is an entry of an archive, or a file beside a descriptor.
type member struct {
	name    string
	content []byte
	change  func(h *tar.Header)
}

// archived writes members into a tar file. Where a header was changed, what
// follows need not fit it.
func archived(t testing.TB, members []member) string {
	t.Helper()
	var b bytes.Buffer
	for _, m := range members {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: m.name, Size: int64(len(m.content)), Mode: 0o644}
		if m.change != nil {
			m.change(h)
		}
		if err := tar.NewWriter(&b).WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		b.Write(m.content)
		b.Write(make([]byte, -len(m.content)&511))
	}
	b.Write(make([]byte, 1024))
	return writeFile(t, t.TempDir()+"/test.ova", b.Bytes())
}

const (
	goodFile = `<File ovf:href="d.vmdk" ovf:id="f"/>`
	goodDisk = `<Disk ovf:capacity="8" ovf:capacityAllocationUnits="byte * 2^20" ovf:diskId="d" ovf:fileRef="f"
	ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>`
)

// envelope makes a descriptor, as VirtualBox writes them.
func envelope(files, disks, hardware, machine string) []byte {
	return []byte(`<?xml version="1.0"?>
<Envelope ovf:version="1.0"
	xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
	xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
	xmlns:vbox="http://www.virtualbox.org/ovf/machine" xmlns:vmw="http://www.vmware.com/schema/ovf">
<References>` + files + `</References><DiskSection><Info>x</Info>` + disks + `</DiskSection>
<VirtualSystem ovf:id="x"><VirtualHardwareSection>` +
		hardware + `</VirtualHardwareSection>` + machine + `</VirtualSystem></Envelope>`)
}

// item is one of the hardware.
func item(fields ...string) string {
	var b strings.Builder
	for i := 0; i < len(fields); i += 2 {
		fmt.Fprintf(&b, "<rasd:%s>%s</rasd:%s>", fields[i], fields[i+1], fields[i])
	}
	return "<Item>" + b.String() + "</Item>"
}

// manifestOf lists members as VMware (SHA256) and VirtualBox (SHA1) do.
func manifestOf(members ...member) []byte {
	var b strings.Builder
	for i, m := range members {
		if i%2 == 0 {
			fmt.Fprintf(&b, "SHA256(%s)= %x\r\n", m.name, sha256.Sum256(m.content))
		} else {
			fmt.Fprintf(&b, "SHA1 (%s) = %X\n", m.name, sha1.Sum(m.content))
		}
	}
	return []byte(b.String())
}

// options unpack into a fresh directory.
func options(t testing.TB) Options {
	return Options{Scratch: t.TempDir(), Limit: 16 * mib, Progress: io.Discard}
}

func sameDisk(t *testing.T, raw string, a *Appliance) {
	t.Helper()
	run(t, "qemu-img", "compare", "-f", "raw", "-F", string(a.Format), raw, a.Disk)
	if a.Size != 8*mib || !filepath.IsAbs(a.Disk) {
		t.Errorf("disk %q of %d bytes, want %d", a.Disk, a.Size, 8*mib)
	}
}
