package build

import (
	"context"
	"io"
	"path/filepath"
	"strings"

	"github.com/stratuslab/stratus/stratus-create-image/internal/base/ova"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// pack writes a virtual appliance around the disk, for machines such as the one
// that it was made in. The number of processors does not depend on this host.
func (r *run) pack(ctx context.Context, w io.Writer, disk string) error {
	now, err := r.Now()
	if err != nil {
		return err
	}
	hardware := r.machine.Hardware()
	return ova.Write(ctx, w, ova.Machine{
		Name: applianceName(r.Target.Path), Title: r.Texts.Title, Disk: disk, CPUs: r.ApplianceCPU, Memory: r.Machine.RAM,
		Firmware: hardware.Firmware, DisksBus: applianceBus(hardware.Bus), Time: now,
	})
}

// applianceBus returns the bus of an appliance's disk. The format of appliances
// does not know virtio.
func applianceBus(bus string) string {
	if bus == engine.Virtio {
		return "sata"
	}
	return bus
}

// applianceName returns a name for the machine and its files, made from that of the
// output.
func applianceName(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	name = strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z') {
			return r
		}
		return '-'
	}, name)
	name = strings.TrimLeft(name, "-_")
	if name == "" {
		return "appliance"
	}
	return name[:min(len(name), 60)]
}
