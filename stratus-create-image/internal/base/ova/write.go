package ova

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/template"
	"time"

	_ "embed"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/strictxml"
)

// Machine is what an appliance is made of.
type Machine struct {
	Name     string // of the machine and its files: letters, digits and . _ -
	Title    string // one line for the user
	Disk     string // path of a VMDK of the subformat streamOptimized
	CPUs     int
	Memory   int    // in MiB
	Firmware string // "bios" or "uefi"
	DisksBus string // of the controller: "ide", "scsi" or "sata"
	Time     time.Time
}

//go:embed descriptor.xml
var descriptorText string

var descriptorTemplate = template.Must(template.New("descriptor").Funcs(template.FuncMap{"x": escape}).Parse(descriptorText))

func escape(s string) (string, error) {
	var b strings.Builder
	err := xml.EscapeText(&b, []byte(s))
	return b.String(), err
}

// controllerItem is a disk controller as hypervisors name it.
type controllerItem struct{ Name, SubType, Type string }

var controllers = map[string]controllerItem{
	"ide":  {"IDE Controller 0", "PIIX4", ideController},
	"scsi": {"SCSI Controller 0", "lsilogic", scsiController},
	"sata": {"SATA Controller 0", "vmware.sata.ahci", otherController},
}

// Write writes an archive (.ova) with a descriptor, a manifest and the disk, in this
// order. The same arguments result in the same bytes.
func Write(ctx context.Context, w io.Writer, m Machine) error {
	if err := write(ctx, w, m); err != nil {
		return fmt.Errorf("writing the appliance %q: %w", m.Name, err)
	}
	return nil
}

func write(ctx context.Context, w io.Writer, m Machine) error {
	f, err := os.Open(m.Disk)
	if err != nil {
		return err
	}
	defer f.Close()
	size, capacity, err := checkStream(f)
	if err != nil {
		return fmt.Errorf("disk %q: %w", m.Disk, err)
	}
	diskName := m.Name + "-disk1.vmdk"
	descriptor, err := describe(m, diskName, size, capacity)
	if err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, reader{ctx, io.NewSectionReader(f, 0, size)}); err != nil {
		return err
	}
	manifest := fmt.Sprintf("SHA256(%s.ovf)= %x\nSHA256(%s)= %x\n", m.Name, sha256.Sum256(descriptor), diskName, sum.Sum(nil))
	archive := tar.NewWriter(w)
	for _, member := range []struct {
		name    string
		size    int64
		content io.Reader
	}{
		{m.Name + ".ovf", int64(len(descriptor)), bytes.NewReader(descriptor)},
		{m.Name + ".mf", int64(len(manifest)), strings.NewReader(manifest)},
		{diskName, size, io.NewSectionReader(f, 0, size)},
	} {
		if err := archive.WriteHeader(header(member.name, member.size, m.Time)); err != nil {
			return err
		}
		if _, err := io.Copy(archive, reader{ctx, member.content}); err != nil {
			return err
		}
	}
	return archive.Close()
}

// header returns a header that every hypervisor reads: without extended headers.
// A file that is too large for USTAR has its size in the form of GNU tar.
func header(name string, size int64, at time.Time) *tar.Header {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, ModTime: at.Truncate(time.Second), Format: tar.FormatUSTAR}
	const largest = 1<<33 - 1
	if size > largest {
		h.Format = tar.FormatGNU
	}
	return h
}

// checkStream makes sure that the disk can be read in one pass, and returns the
// sizes of the file and of the disk in it, in bytes.
func checkStream(f *os.File) (size, capacity int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, 0, err
	}
	size = info.Size()
	format, err := diskimage.DetectFile(f, size)
	if err != nil {
		return 0, 0, err
	}
	if format != diskimage.Vmdk {
		return 0, 0, fmt.Errorf("the format %s is not supported; want vmdk", format)
	}
	if capacity, err = diskimage.CheckSelfContained(f, size, format); err != nil {
		return 0, 0, err
	}
	var flags [4]byte
	if _, err := f.ReadAt(flags[:], 8); err != nil {
		return 0, 0, err
	}
	const compressedWithMarkers = 3 << 16
	if binary.LittleEndian.Uint32(flags[:])&compressedWithMarkers != compressedWithMarkers {
		return 0, 0, errors.New("the subformat of the VMDK is not supported; want streamOptimized")
	}
	return size, capacity, nil
}

func describe(m Machine, diskName string, size, capacity int64) ([]byte, error) {
	controller, ok := controllers[m.DisksBus]
	switch {
	case !ok:
		return nil, fmt.Errorf("the disk bus %q is not supported; want ide, scsi or sata", m.DisksBus)
	case m.Firmware != "bios" && m.Firmware != "uefi":
		return nil, fmt.Errorf("the firmware %q is not supported; want bios or uefi", m.Firmware)
	case m.CPUs < 1 || m.Memory < 1:
		return nil, fmt.Errorf("a machine with %d CPUs and %d MiB of memory; want at least 1 of each", m.CPUs, m.Memory)
	case !validName(m.Name):
		return nil, fmt.Errorf("not a valid name: %q; want at most 80 letters, digits and . _ -, the first a letter or a digit", m.Name)
	case !strictxml.ValidText(m.Title):
		return nil, fmt.Errorf("not a valid title: %q: XML forbids some of its characters", m.Title)
	}
	var b bytes.Buffer
	err := descriptorTemplate.Execute(&b, struct {
		Machine
		DiskName       string
		Size, Capacity int64
		Controller     controllerItem
	}{m, diskName, size, capacity, controller})
	return b.Bytes(), err
}

// validName reports whether a name is a file name on every system, and short enough
// for USTAR.
func validName(name string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	return name != "" && len(name) <= 80 && strings.Contains(letters, name[:1]) && strings.Trim(name, letters+"._-") == ""
}
