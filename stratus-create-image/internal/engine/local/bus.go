package local

import (
	"fmt"
	"slices"

	"github.com/stratuslab/stratus/lib/report"
)

// Bus is how a machine's disks are attached.
type Bus string

// The buses of --disks-bus. IDE comes with a board of its time.
const (
	AutoBus Bus = "auto"
	Virtio  Bus = "virtio"
	SCSI    Bus = "scsi"
	IDE     Bus = "ide"
	SATA    Bus = "sata"
)

// ParseBus reads a bus's name.
func ParseBus(name string) (Bus, error) { return report.OneOf(AutoBus, Virtio, SCSI, IDE, SATA)(name) }

// Candidates are the buses to try, one after the other for as long as a boot
// ends with errNoDisk. hint is the bus that the image's description names, and
// may be any text.
func (b Bus) Candidates(hint string) []Bus {
	if b != AutoBus {
		return []Bus{b}
	}
	buses := []Bus{Virtio}
	for _, next := range []Bus{Bus(hint), SATA, IDE, SCSI} {
		if _, err := ParseBus(string(next)); err == nil && next != AutoBus && !slices.Contains(buses, next) {
			buses = append(buses, next)
		}
	}
	return buses
}

// board is QEMU's name of the board that has the bus.
func (b Bus) board() string {
	if b == IDE {
		return "pc"
	}
	return "q35"
}

// ports is how many disks of its bus the board has place for.
func (b Bus) ports() int {
	if b == IDE {
		return 4
	}
	return 6
}

// controllers are the options for what so many disks need beside the board.
// The SCSI adapter is VMware's paravirtual one: of those that are no virtio,
// the one that most kernels have a driver for, kernels for clouds included.
// OVMF has none any more; what boots by UEFI is younger than virtio's adapter.
func (b Bus) controllers(disks int, uefi bool) []string {
	switch {
	case b == SCSI && uefi:
		return []string{"-device", "virtio-scsi-pci,id=scsi"}
	case b == SCSI:
		return []string{"-device", "pvscsi,id=scsi"}
	case (b == IDE || b == SATA) && disks > b.ports():
		return []string{"-device", "ich9-ahci,id=more"}
	}
	return nil
}

// disk is the option that attaches the nth disk.
func (b Bus) disk(n int, drive string, readOnly bool, properties string) []string {
	kind := "virtio-blk-pci"
	switch b {
	case SCSI:
		kind = "scsi-hd,bus=scsi.0"
	case IDE, SATA:
		kind = "ide-hd," + b.port(n)
		if readOnly { // which QEMU has no hard disk for
			kind = "ide-cd," + b.port(n)
		}
	}
	return []string{"-device", kind + ",drive=" + drive + properties}
}

func (b Bus) port(n int) string {
	switch {
	case n >= b.ports():
		return fmt.Sprintf("bus=more.%d", n-b.ports())
	case b == IDE:
		return fmt.Sprintf("bus=ide.%d,unit=%d", n/2, n%2)
	}
	return fmt.Sprintf("bus=ide.%d", n)
}
