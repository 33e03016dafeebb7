package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/shell"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// machine is a machine on QEMU. Its process is another one after each try of
// Connect.
type machine struct {
	engine *Engine
	spec   *engine.Spec
	config *machineConfig
	buses  []Bus // to try, the present one first
	vm     *process
	live   *live // nil: it cannot be kept as a snapshot
}

// Start implements engine.Engine.
func (e *Engine) Start(ctx context.Context, spec *engine.Spec) (engine.Machine, error) {
	m := &machine{engine: e, spec: spec, config: e.config(spec), buses: e.Bus.Candidates(spec.Base.Bus)}
	if _, reason := e.Accel.Resolve(); reason != "" {
		spec.Log.Infof("no KVM here (%s): the machine is emulated, which takes many times longer", reason)
	}
	var err error
	if m.config.OVMF, err = e.firmware(ctx, &spec.Base, spec.Dir); err != nil {
		return nil, err
	}
	for i := range spec.Context {
		if err := writeContext(&spec.Context[i], m.config.Seeds[i]); err != nil {
			return nil, fmt.Errorf("writing the disk with the context: %w", err)
		}
	}
	if m.config.Swap > 0 {
		if err := makeHole(m.config.SwapFile(), int64(m.config.Swap)<<20); err != nil {
			return nil, fmt.Errorf("making the swap disk: %w", err)
		}
	}
	if err := m.makeLive(ctx); err != nil {
		spec.Log.Warnf("this machine is not kept for later builds: %v", err)
	}
	if err := m.start(ctx); err != nil {
		return nil, errors.Join(err, m.Destroy(ctx))
	}
	return m, nil
}

func writeContext(d *engine.Disk, path string) error {
	var iso bytes.Buffer
	if err := d.Write(&iso); err != nil {
		return err
	}
	return os.WriteFile(path, iso.Bytes(), 0o600)
}

// makeHole makes a file of zeros that takes no space.
func makeHole(path string, size int64) error {
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return err
	}
	return os.Truncate(path, size)
}

// start starts QEMU on the first of the buses, with a new disk over the base.
func (m *machine) start(ctx context.Context) error {
	c := m.config
	c.Bus = m.buses[0]
	if err := m.createOverlay(ctx, c.Overlay()); err != nil {
		return err
	}
	if m.live != nil {
		if err := m.live.newMemory(c); err != nil {
			return err
		}
	}
	m.spec.Log.Verbosef("%s", shell.Join(c.Argv()...))
	m.spec.Log.Infof("starting the machine: %d cpu, %d MiB, %s, disks on %s, %s", c.CPU, c.RAM, c.Accel, c.Bus, firmwareName(c))
	vm, err := startProcess(ctx, c)
	if err != nil {
		return err
	}
	m.vm = vm
	return nil
}

// createOverlay makes an empty disk over the base, or over another overlay.
func (m *machine) createOverlay(ctx context.Context, path string) error {
	base := &m.spec.Base
	if err := createOverlay(ctx, path, base.Path, base.Format, diskSize(m.spec)); err != nil {
		return fmt.Errorf("making the machine's disk: %w", err)
	}
	return nil
}

// diskSize returns the size of a machine's disk in bytes, which is one of whole sectors.
func diskSize(spec *engine.Spec) int64 {
	const sector = 512
	return (max(spec.Base.Size, spec.DiskSize) + sector - 1) / sector * sector
}

// Connect implements engine.Machine. Where the base's kernel does not find its
// disk, the machine is started again with its disk on the next bus.
func (m *machine) Connect(ctx context.Context, login func(context.Context, string) error) error {
	for {
		booting, cancel := m.vm.Booting(ctx)
		err := login(booting, m.vm.Address())
		cancel()
		if err == nil || !errors.Is(err, errNoDisk) || len(m.buses) == 1 || ctx.Err() != nil {
			return err
		}
		m.spec.Log.Infof("the base image's kernel does not find its disk on %s: trying %s (--disks-bus)", m.buses[0], m.buses[1])
		m.vm.Destroy()
		m.buses = m.buses[1:]
		if err := m.start(ctx); err != nil {
			return err
		}
	}
}

// Alive implements engine.Machine.
func (m *machine) Alive(parent context.Context) (context.Context, context.CancelFunc) {
	return m.vm.Alive(parent)
}

// Console implements engine.Machine.
func (m *machine) Console(_ context.Context, lines int) []string { return m.vm.ConsoleTail(lines) }

// Hardware implements engine.Machine.
func (m *machine) Hardware() engine.Hardware {
	h := engine.Hardware{Bus: string(m.config.Bus), Firmware: firmwareName(m.config)}
	if m.config.Swap > 0 {
		h.Swap = SwapDevice
	}
	return h
}

// Stop implements engine.Machine.
func (m *machine) Stop(ctx context.Context, patience time.Duration, poweroff func(context.Context) error) error {
	return m.vm.Shutdown(ctx, patience, poweroff)
}

// Save implements engine.Machine.
func (m *machine) Save(ctx context.Context, target *engine.Target, out *os.File, progress io.Writer) (diskimage.Image, error) {
	return writeImage(ctx, m.config.image(), target, out, m.spec.Dir, progress)
}

// Keep implements engine.Machine. The file "pid" in the machine's directory has
// the number of QEMU's process.
func (m *machine) Keep() (engine.Kept, error) {
	pid := strconv.Itoa(m.vm.Pid())
	file := func(name string) string { return filepath.Join(m.spec.Dir, name) }
	if err := os.WriteFile(file("pid"), []byte(pid+"\n"), 0o600); err != nil {
		return engine.Kept{}, err
	}
	return engine.Kept{
		Name: "process " + pid, Address: m.vm.Address(),
		Console: []string{"socat", "-,raw,echo=0", "UNIX-CONNECT:" + file("console.sock")},
		Stop:    []string{"kill", pid},
	}, nil
}

// Destroy implements engine.Machine.
func (m *machine) Destroy(context.Context) error {
	if m.vm != nil {
		m.vm.Destroy()
	}
	if m.live == nil {
		return nil
	}
	return m.live.remove()
}
