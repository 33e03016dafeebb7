package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base"
	"github.com/stratuslab/stratus/stratus-create-image/internal/disklabel"
	"github.com/stratuslab/stratus/stratus-create-image/internal/flavor"
	"github.com/stratuslab/stratus/stratus-create-image/internal/machine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/qemuimg"
)

// hardware is the machine that the options ask for.
type hardware struct {
	size     flavor.Type
	accel    machine.Accel
	slow     string // why there is no KVM, where it was not asked for
	network  machine.Network
	disksBus machine.Bus
	firmware machine.Firmware
	// bus and ovmf are what the machine has, once that is known: ovmf is nil
	// for a BIOS.
	bus  machine.Bus
	ovmf *machine.OVMF
}

func (p *plan) checkHardware() (err error) {
	o, h := p.options, &p.hardware
	if h.size, err = flavor.Find(o.Type, o.Types); err != nil {
		return usage(err)
	}
	if o.CPU != 0 {
		h.size.CPU = o.CPU
	}
	if o.RAM != 0 {
		h.size.RAM = o.RAM
	}
	if err := h.size.Check(); err != nil {
		return usage(err)
	}
	accel, err := machine.ParseAccel(o.Accel)
	if err != nil {
		return usage(err)
	}
	h.accel, h.slow = accel.Resolve()
	if h.network, err = machine.ParseNetwork(o.Network); err != nil {
		return usage(err)
	}
	if h.network == machine.NoNetwork && p.recipe.NeedsRepos() {
		return fault.Usagef("packages cannot be installed without a network (--network none)")
	}
	if h.disksBus, err = machine.ParseBus(o.DisksBus); err != nil {
		return usage(err)
	}
	if h.firmware, err = machine.ParseFirmware(o.Firmware); err != nil {
		return usage(err)
	}
	h.bus = h.disksBus.Candidates("")[0]
	if h.firmware == machine.UEFI {
		h.ovmf, err = findOVMF()
	}
	return err
}

func findOVMF() (*machine.OVMF, error) {
	ovmf, err := machine.FindOVMF()
	if err != nil {
		return nil, fault.WithHint(err, "install it; on Debian and Ubuntu: apt-get install ovmf")
	}
	return ovmf, nil
}

// chooseFirmware finds out, where that is left to us, what starts the system on
// the base's disk. scratch is a directory for a small file.
func (p *plan) chooseFirmware(ctx context.Context, image *base.Image, scratch string) error {
	if p.hardware.firmware != machine.AutoFirmware {
		return nil
	}
	head, err := qemuimg.Head(ctx, image.Path, image.Format, scratch, disklabel.HeadSize)
	if err != nil {
		return fmt.Errorf("looking for what starts the base image: %w", err)
	}
	if disklabel.NeedsUEFI(head) {
		p.hardware.ovmf, err = findOVMF()
	}
	return err
}

// buses are those to try, one after the other.
func (p *plan) buses(image *base.Image) []machine.Bus {
	return p.hardware.disksBus.Candidates(firstOf(image.DisksBus, p.baseText(metadata.DisksBus, "")))
}

// checkPrograms looks for the programs before an hour is spent.
func (p *plan) checkPrograms() error {
	names := []string{machine.Program, qemuimg.Program}
	if p.saving {
		names = append(names, p.target.Programs()...)
	}
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			return fault.WithHint(fmt.Errorf("looking for %s: %w", name, errors.Unwrap(err)),
				"install it; on Debian and Ubuntu: apt-get install qemu-system-x86 qemu-utils xz-utils bzip2")
		}
	}
	return nil
}

// machineConfig is the machine to run, with its files in dir.
func (p *plan) machineConfig(dir, base, baseFormat string) *machine.Config {
	h := &p.hardware
	config := &machine.Config{
		Dir: dir, Accel: h.accel, CPU: h.size.CPU, RAM: h.size.RAM, Swap: h.size.Swap,
		Base: base, BaseFormat: baseFormat, Bus: h.bus, OVMF: h.ovmf, Network: h.network,
		Keep: p.options.NoShutdown || p.options.KeepOnFailure,
	}
	for _, disk := range p.disks {
		config.Seeds = append(config.Seeds, filepath.Join(dir, "context-"+strings.ToLower(disk.Label)+".iso"))
	}
	if p.item != nil {
		config.Holds = []*os.File{p.item.Lock()}
	}
	return config
}
