package base

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base/ova"
)

// TestLinkedDescriptor: QEMU is given a path without links, which could come to
// lead elsewhere.
func TestLinkedDescriptor(t *testing.T) {
	dir := appliance(t)
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	i, err := Open(t.Context(), link+"/box.ovf", t.TempDir(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(real, "box-disk1.vmdk"); i.Path != want || i.copied {
		t.Errorf("path %q, want %q", i.Path, want)
	}
}

// TestSwappedDisk changes the disk when the manifest was held against it.
func TestSwappedDisk(t *testing.T) {
	for name, change := range map[string]func(disk string) error{
		"replaced":    func(disk string) error { return os.Rename(filepath.Dir(disk)+"/vmdk", disk) },
		"linked":      func(disk string) error { return errors.Join(os.Rename(disk, disk+"2"), os.Symlink("vmdk", disk)) },
		"written to":  func(disk string) error { return os.Truncate(disk, 1<<20) },
		"not changed": func(string) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			dir := appliance(t)
			a, err := openAppliance(t.Context(), dir+"/box.ovf", ova.Options{Scratch: t.TempDir(), Limit: maxDisk, Progress: io.Discard})
			if err != nil {
				t.Fatal(err)
			}
			if err := change(a.Disk); err != nil {
				t.Fatal(err)
			}
			_, err = openDisk(t.Context(), a, io.Discard)
			if (err == nil) != (name == "not changed") || err != nil && !strings.Contains(err.Error(), "changed while") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestDiskIsInspected: what an appliance has as its disk is judged as any other
// base is, whatever was found out before.
func TestDiskIsInspected(t *testing.T) {
	peers.Need(t, "qemu-img")
	dir := t.TempDir()
	run(t, "qemu-img", "create", "-q", "-f", "qcow2", dir+"/back", "8M")
	run(t, "qemu-img", "create", "-q", "-f", "qcow2", "-b", "back", "-F", "qcow2", dir+"/disk")
	_, err := openDisk(t.Context(), &ova.Appliance{Disk: dir + "/disk", Format: diskimage.Qcow2, Size: diskSize}, io.Discard)
	if !errors.Is(err, ErrUnusable) || !strings.Contains(err.Error(), "back") {
		t.Errorf("error %v, want ErrUnusable with the backing file", err)
	}
}
