package machine

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/peers"
)

// bootSector prints a line on the serial console, one that the machine takes
// for the end of a boot, and halts.
func bootSector() []byte {
	code := []byte{
		0x31, 0xc0, // xor ax, ax
		0x8e, 0xd8, // mov ds, ax
		0xba, 0xf8, 0x03, // mov dx, 0x3f8
		0xbe, 0x15, 0x7c, // mov si, message
		0xac,       // next: lodsb
		0x84, 0xc0, // test al, al
		0x74, 0x03, // jz done
		0xee,       // out dx, al
		0xeb, 0xf8, // jmp next
		0xf4,       // done: hlt
		0xeb, 0xfd, // jmp done
	}
	sector := append(code, "\r\nALERT!  it boots\r\n\x00"...)
	sector = append(sector, make([]byte, 510-len(sector))...)
	return append(sector, 0x55, 0xaa)
}

// bootCause starts a machine and gives the reason why its boot ended.
func bootCause(t *testing.T, c *Config) error {
	t.Helper()
	m, err := Start(t.Context(), c)
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
	peers.Need(t, Program, "qemu-img")
	for _, bus := range []Bus{Virtio, SCSI, IDE, SATA} {
		t.Run(string(bus), func(t *testing.T) {
			c := emptyMachine(t.TempDir())
			c.Bus, c.Swap, c.Seeds = bus, 1, slices.Repeat([]string{c.Seed()}, 4)
			for path, content := range map[string][]byte{c.SwapFile(): make([]byte, 1<<20), c.Base: append(bootSector(), make([]byte, 1<<20-512)...)} {
				if err := os.WriteFile(path, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := bootCause(t, c); !errors.Is(err, ErrNoDisk) || !strings.Contains(err.Error(), "it boots") {
				t.Errorf("the boot ends with %v", err)
			}
		})
	}
}

// TestUEFIBoot gives the UEFI firmware a disk with a boot sector, which is
// nothing to it.
func TestUEFIBoot(t *testing.T) {
	peers.Need(t, Program, "qemu-img")
	ovmf, err := FindOVMF()
	if err != nil {
		peers.Missing(t, err.Error())
	}
	for _, bus := range []Bus{Virtio, IDE} {
		c := emptyMachine(t.TempDir())
		c.OVMF, c.Bus, c.RAM = ovmf, bus, 128
		if err := os.WriteFile(c.Base, append(bootSector(), make([]byte, 1<<20-512)...), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := bootCause(t, c); !errors.Is(err, errNoLoader) {
			t.Errorf("%s: the boot ends with %v, want %v", bus, err, errNoLoader)
		}
		before, err := os.ReadFile(ovmf.Vars)
		if err != nil {
			t.Fatal(err)
		}
		if after, err := os.ReadFile(c.vars()); err != nil || len(after) != len(before) {
			t.Errorf("the machine's variables have %d bytes, %v, want %d", len(after), err, len(before))
		}
	}
}

func TestFindOVMF(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) OVMF { return OVMF{dir + "/" + name + ".code", dir + "/" + name + ".vars"} }
	for _, path := range []string{at("no vars").Code, at("no code").Vars, at("good").Code, at("good").Vars, at("later").Code, at("later").Vars} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := findOVMF([]OVMF{at("missing"), at("no vars"), at("no code"), {dir, dir}, at("good"), at("later")})
	if want := at("good"); err != nil || *got != want {
		t.Errorf("found %v, %v, want %v", got, err, want)
	}
	if got, err := findOVMF([]OVMF{at("missing")}); !errors.Is(err, ErrNoOVMF) {
		t.Errorf("found %v, %v, want ErrNoOVMF", got, err)
	}
	c := &Config{Dir: dir, Accel: TCG}
	c.OVMF = &OVMF{dir, dir + "/missing"}
	if _, err := Start(t.Context(), c); err == nil || !strings.Contains(err.Error(), "copying the firmware's variables") {
		t.Errorf("without variables: %v", err)
	}
}

func TestNames(t *testing.T) {
	for _, test := range []struct {
		name, hint string
		want       []Bus
	}{
		{"virtio", "ide", []Bus{Virtio}}, {"ide", "", []Bus{IDE}},
		{"auto", "", []Bus{Virtio, SATA, IDE, SCSI}}, {"auto", "auto", []Bus{Virtio, SATA, IDE, SCSI}}, {"auto", "xen", []Bus{Virtio, SATA, IDE, SCSI}},
		{"auto", "virtio", []Bus{Virtio, SATA, IDE, SCSI}}, {"auto", "scsi", []Bus{Virtio, SCSI, SATA, IDE}}, {"auto", "ide", []Bus{Virtio, IDE, SATA, SCSI}},
	} {
		bus, err := ParseBus(test.name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, bus.Candidates(test.hint)); diff != "" {
			t.Errorf("%s, hint %q (-want +got):\n%s", test.name, test.hint, diff)
		}
	}
	if _, err := ParseBus("usb"); err == nil || !strings.Contains(err.Error(), `"usb"`) {
		t.Errorf("a bus that is none: %v", err)
	}
	for _, f := range []Firmware{AutoFirmware, BIOS, UEFI} {
		if got, err := ParseFirmware(string(f)); err != nil || got != f {
			t.Errorf("ParseFirmware(%q) = %q, %v", f, got, err)
		}
	}
	if _, err := ParseFirmware("efi"); err == nil || !strings.Contains(err.Error(), `"efi"`) {
		t.Errorf("a firmware that is none: %v", err)
	}
}
