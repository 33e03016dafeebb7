// Package local is the engine that runs machines on this host, with QEMU. It
// must not know what a machine is for, nor log in to it, and must not be given a
// base image that may name other files.
//
// A machine with a store of snapshots has its memory in a file, which is copied while
// the machine is stopped for a moment, and its disk in layers, which are frozen.
//
// QEMU is our own child and is driven over its monitor, without a service such
// as libvirt in between: the machine's life is bound to ours.
package local

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/lib/shell"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// Engine starts machines on this host.
type Engine struct {
	Accel    Accel
	Network  Network
	Bus      Bus
	Firmware Firmware
}

// Check implements engine.Engine: it looks for QEMU's programs and firmware.
func (e *Engine) Check(ctx context.Context, target *engine.Target) error {
	if e.Firmware == UEFI {
		if _, err := findOVMF(places); err != nil {
			return err
		}
	}
	for _, name := range append([]string{qemuProgram}, savePrograms(target)...) {
		if _, err := exec.LookPath(name); err != nil {
			return report.WithHint(fmt.Errorf("looking for %s: %w", name, errors.Unwrap(err)),
				"install it; on Debian and Ubuntu: apt-get install qemu-system-x86 qemu-utils xz-utils bzip2")
		}
	}
	return checkCompression(ctx, target)
}

// Describe implements engine.Engine: one line for the machine, and one with QEMU's
// command line. It reads the beginning of the base's disk.
func (e *Engine) Describe(ctx context.Context, spec *engine.Spec) ([]engine.Line, error) {
	config := e.config(spec)
	known := !spec.Base.Absent || e.Firmware != AutoFirmware
	if known {
		var err error
		if config.OVMF, err = e.firmware(ctx, &spec.Base, ""); err != nil {
			return nil, err
		}
	}
	bus, firmware := string(config.Bus), firmwareName(config)
	if e.Bus == AutoBus {
		bus += " first"
	}
	if !known {
		firmware = "uefi or bios, by what is on the disk"
	}
	return []engine.Line{
		{Name: "machine", Text: fmt.Sprintf("%d cpu, %d MiB, %d MiB swap, %s, network %s, disks on %s, %s",
			config.CPU, config.RAM, config.Swap, config.Accel, config.Network, bus, firmware)},
		{Name: "qemu", Text: shell.Join(config.Argv()...)},
	}, nil
}

// config returns the machine to run on the first bus, by a BIOS.
func (e *Engine) config(spec *engine.Spec) *machineConfig {
	accel, _ := e.Accel.Resolve()
	config := &machineConfig{
		Dir: spec.Dir, Accel: accel, CPU: spec.Size.CPU, RAM: spec.Size.RAM, Swap: spec.Size.Swap,
		Base: spec.Base.Path, BaseFormat: driver(spec.Base.Format),
		Bus: e.Bus.Candidates(spec.Base.Bus)[0], Network: e.Network, Keep: spec.Keep,
	}
	for _, d := range spec.Context {
		config.Seeds = append(config.Seeds, filepath.Join(spec.Dir, "context-"+strings.ToLower(d.Label)+".iso"))
	}
	if spec.Base.Hold != nil {
		config.Holds = append(config.Holds, spec.Base.Hold)
	}
	return config
}

// firmware returns the firmware that starts the system on the base's disk, nil for
// a BIOS. scratch is a directory for a small file.
func (e *Engine) firmware(ctx context.Context, base *engine.Base, scratch string) (*OVMF, error) {
	needed := e.Firmware == UEFI
	if e.Firmware == AutoFirmware {
		head, err := readHead(ctx, base.Path, base.Format, scratch, headSize)
		if err != nil {
			return nil, fmt.Errorf("detecting the firmware for the base image: %w", err)
		}
		needed = needsUEFI(head)
	}
	if !needed {
		return nil, nil
	}
	return findOVMF(places)
}

// firmwareName returns the name of the machine's firmware.
func firmwareName(config *machineConfig) string {
	if config.OVMF != nil {
		return string(UEFI)
	}
	return string(BIOS)
}
