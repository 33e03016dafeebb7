package local

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/peers"
)

// efiProgram does the same as a program for UEFI: a file in the format of
// PE32+ with one section.
func efiProgram() []byte {
	const page, header = 0x1000, 0x200
	file := make([]byte, 2*header)
	copy(file, "MZ")
	file[0x3c] = 0x40 // where the header proper is
	copy(file[0x40:], "PE\x00\x00")
	put := func(at int, v uint32) { binary.LittleEndian.PutUint32(file[at:], v) }
	put(0x44, 1<<16|0x8664)  // one section, for amd64
	put(0x54, 0x22<<16|0xf0) // an executable, and the size of what follows
	put(0x58, 0x20b)         // PE32+
	put(0x58+4, header)      // of code
	put(0x58+16, page)       // the first instruction
	put(0x58+20, page)       // the code
	put(0x58+32, page)       // alignment in memory
	put(0x58+36, header)     // and in the file
	put(0x58+56, 2*page)     // size in memory
	put(0x58+60, header)     // size of all headers
	put(0x58+68, 10)         // an application for UEFI
	put(0x58+108, 16)        // places for tables, all empty
	copy(file[0x148:], ".text")
	put(0x148+8, header)
	put(0x148+12, page)
	put(0x148+16, header)
	put(0x148+20, header)
	put(0x148+36, 0x60000020) // code, to read and to execute
	copy(file[header:], append([]byte{
		0x48, 0x8d, 0x35, 0x1c, 0, 0, 0, // lea rsi, [rip+message]
		0xac,       // next: lodsb
		0x84, 0xc0, // test al, al
		0x74, 0x14, // jz done
		0x88, 0xc4, // mov ah, al
		0x66, 0xba, 0xfd, 0x03, // mov dx, 0x3fd
		0xec,       // wait: in al, dx
		0xa8, 0x20, // test al, 0x20
		0x74, 0xfb, // jz wait
		0x88, 0xe0, // mov al, ah
		0x66, 0xba, 0xf8, 0x03, // mov dx, 0x3f8
		0xee,       // out dx, al
		0xeb, 0xe7, // jmp next
		0xf4,       // done: hlt
		0xeb, 0xfd, // jmp done
	}, lastLine...))
	return file
}

// bootCause starts a machine and gives the reason why its boot ended.
func bootCause(t *testing.T, c *machineConfig) error {
	t.Helper()
	m, err := startProcess(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Destroy()
	limited, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	booting, cancel := m.Booting(limited)
	defer cancel()
	<-booting.Done()
	return context.Cause(booting)
}

// TestBusesBoot has the BIOS read the disk on every bus, with all the disks
// that there can be.
func TestBusesBoot(t *testing.T) {
	peers.Need(t, qemuProgram, "qemu-img")
	for _, bus := range []Bus{Virtio, SCSI, IDE, SATA} {
		t.Run(string(bus), func(t *testing.T) {
			c := emptyMachine(t.TempDir())
			c.Bus, c.Swap, c.Seeds = bus, 1, slices.Repeat(c.Seeds[:1], 4)
			for path, content := range map[string][]byte{
				c.SwapFile(): make([]byte, 1<<20), c.Base: append(bootSector(), make([]byte, 1<<20-512)...),
			} {
				if err := os.WriteFile(path, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := bootCause(t, c); !errors.Is(err, errNoDisk) || !strings.Contains(err.Error(), "it boots") {
				t.Errorf("the boot ends with %v", err)
			}
		})
	}
}

// TestUEFIBoot has the UEFI firmware start a program from the disk on every
// bus; a boot sector is nothing to it.
func TestUEFIBoot(t *testing.T) {
	if testing.Short() {
		t.Skip("UEFI takes its time to start, without KVM (-short)")
	}
	peers.Need(t, qemuProgram, "qemu-img", "mkfs.vfat", "mmd", "mcopy")
	ovmf, err := findOVMF(places)
	if err != nil {
		peers.Missing(t, err.Error())
	}
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, efiProgram(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bus := range []Bus{Virtio, SCSI, IDE, SATA} {
		t.Run(string(bus), func(t *testing.T) {
			c := emptyMachine(t.TempDir())
			c.OVMF, c.Bus, c.RAM = ovmf, bus, 128
			for _, command := range [][]string{
				{"mkfs.vfat", c.Base}, {"mmd", "-i", c.Base, "::EFI", "::EFI/BOOT"},
				{"mcopy", "-i", c.Base, program, "::EFI/BOOT/BOOTX64.EFI"},
			} {
				if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
					t.Fatalf("%s: %v: %s", command[0], err, out)
				}
			}
			if err := bootCause(t, c); !errors.Is(err, errNoDisk) || !strings.Contains(err.Error(), "it boots") {
				t.Errorf("the boot ends with %v", err)
			}
		})
	}
	c := emptyMachine(t.TempDir())
	c.OVMF, c.RAM = ovmf, 128
	if err := os.WriteFile(c.Base, append(bootSector(), make([]byte, 1<<20-512)...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := bootCause(t, c); !errors.Is(err, errNoLoader) {
		t.Errorf("the boot ends with %v, want %v", err, errNoLoader)
	}
}

func TestFindOVMF(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) OVMF { return OVMF{dir + "/" + name + ".code", dir + "/" + name + ".vars"} }
	for _, path := range []string{
		at("no vars").Code, at("no code").Vars, at("good").Code, at("good").Vars, at("later").Code, at("later").Vars,
	} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := findOVMF([]OVMF{at("missing"), at("no vars"), at("no code"), {dir, dir}, at("good"), at("later")})
	if want := at("good"); err != nil || *got != want {
		t.Errorf("found %v, %v, want %v", got, err, want)
	}
	if got, err := findOVMF([]OVMF{at("missing")}); !errors.Is(err, errNoOVMF) {
		t.Errorf("found %v, %v, want errNoOVMF", got, err)
	}
	c := &machineConfig{Dir: dir, Accel: TCG}
	c.OVMF = &OVMF{dir, dir + "/missing"}
	if _, err := startProcess(t.Context(), c); err == nil || !strings.Contains(err.Error(), "copying the firmware's variables") {
		t.Errorf("without variables: %v", err)
	}
}

func TestNames(t *testing.T) {
	for _, test := range []struct {
		name, hint string
		want       []Bus
	}{
		{"virtio", "ide", []Bus{Virtio}}, {"ide", "", []Bus{IDE}},
		{"auto", "", []Bus{Virtio, SATA, IDE, SCSI}},
		{"auto", "auto", []Bus{Virtio, SATA, IDE, SCSI}},
		{"auto", "xen", []Bus{Virtio, SATA, IDE, SCSI}},
		{"auto", "virtio", []Bus{Virtio, SATA, IDE, SCSI}},
		{"auto", "scsi", []Bus{Virtio, SCSI, SATA, IDE}},
		{"auto", "ide", []Bus{Virtio, IDE, SATA, SCSI}},
	} {
		bus, err := ParseBus(test.name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, bus.Candidates(test.hint)); diff != "" {
			t.Errorf("%s, hint %q (-want +got):\n%s", test.name, test.hint, diff)
		}
	}
	if _, err := ParseBus("usb"); err == nil || !strings.Contains(err.Error(), "want auto, virtio, scsi, ide or sata") {
		t.Errorf("a bus that is none: %v", err)
	}
	for _, f := range []Firmware{AutoFirmware, BIOS, UEFI} {
		if got, err := ParseFirmware(string(f)); err != nil || got != f {
			t.Errorf("ParseFirmware(%q) = %q, %v", f, got, err)
		}
	}
	if _, err := ParseFirmware("efi"); err == nil || !strings.Contains(err.Error(), "want auto, bios or uefi") {
		t.Errorf("a firmware that is none: %v", err)
	}
}
