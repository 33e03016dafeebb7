package build

import (
	"context"
	"io"
	"path/filepath"
	"strings"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base/ova"
	"github.com/stratuslab/stratus/stratus-create-image/internal/machine"
)

// pack makes a virtual appliance of the disk, for machines such as the one that
// it was made in. Virtio is not for appliances.
func (p *plan) pack(ctx context.Context, w io.Writer, disk string) error {
	now, err := command.Now()
	if err != nil {
		return err
	}
	h := &p.hardware
	return ova.Write(ctx, w, ova.Machine{
		Name: applianceName(p.target.Path), Title: p.options.Title, Disk: disk, CPUs: h.size.CPU, Memory: h.size.RAM,
		Firmware: p.firmware(), DisksBus: string(applianceBus(h.bus)), Time: now,
	})
}

// applianceBus is where an appliance has its disk: virtio is not for them.
func applianceBus(bus machine.Bus) machine.Bus {
	if bus == machine.Virtio {
		return machine.SATA
	}
	return bus
}

// applianceName makes a name for the machine and its files from the output's.
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
