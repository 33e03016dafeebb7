package local

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/stratuslab/stratus/lib/report"
)

// Network is what a machine can reach.
type Network string

// The networks of --network: the host's, through QEMU's user networking, or
// nothing. Either way ssh reaches the machine.
const (
	UserNetwork Network = "user"
	NoNetwork   Network = "none"
)

// ParseNetwork reads a network's name.
func ParseNetwork(name string) (Network, error) { return report.OneOf(UserNetwork, NoNetwork)(name) }

// MAC is the hardware address of the machine's network card; where it has two,
// of the first. The others are what QEMU's user network gives the first machine
// that asks it by DHCP.
const (
	MAC     = "52:54:00:12:34:56"
	IP      = "10.0.2.15"
	Mask    = "255.255.255.0"
	Subnet  = "10.0.2.0"
	Gateway = "10.0.2.2"
	DNS     = "10.0.2.3"
)

// config describes a machine to start. The files are in its directory Dir.
type machineConfig struct {
	Dir        string // private; holds the overlay, logs and sockets
	Accel      Accel  // KVM or TCG
	CPU        int    // virtual processors
	RAM        int    // MiB
	Swap       int    // MiB of scratch disk; 0 for none
	Base       string // absolute path of the base image, which is only read
	BaseFormat string // QEMU's name of its format
	Bus        Bus    // not AutoBus; empty is Virtio
	OVMF       *OVMF  // boots by UEFI; nil: by BIOS
	// Seeds are absolute paths of small disks that are only read. IDE has place
	// for two beside the swap; a guest needs AHCI to find more.
	Seeds   []string
	Network Network
	Keep    bool // outlive this process when it is killed
	// Overlays are absolute paths of the disks over the base, one over the other; only
	// the last one is written to. Empty: there is one in Dir.
	Overlays []string
	// Memory is the machine's memory in a file, which must have its size; nil: it is
	// nowhere else than in QEMU.
	Memory *os.File
	// State is the file with the state of the devices that the machine begins with; nil:
	// it is switched on.
	State *os.File
	// Holds are open files that QEMU inherits, so that locks on them last as
	// long as it does.
	Holds []*os.File
}

// Names of the files in a machine's directory.
const (
	overlayFile = "overlay.qcow2"
	swapFile    = "swap.raw"
	varsFile    = "vars.fd"
	consoleFile = "console.log"
	qemuLogFile = "qemu.log"
	qmpSocket   = "qmp.sock"
	conSocket   = "console.sock"
)

// swapSerial is the serial number of the scratch disk.
const swapSerial = "stratus-swap"

// SwapDevice is a shell pattern by which the guest finds the scratch disk,
// whatever bus it is on. Several names of it may match.
const SwapDevice = "/dev/disk/by-id/*" + swapSerial

// qemuProgram is QEMU's command name.
const qemuProgram = "qemu-system-x86_64"

// File descriptors that the QEMU process inherits: listening sockets, so that
// nobody has to wait until QEMU has made them.
const (
	qmpFD     = 3
	consoleFD = 4
	memoryFD  = 5
)

// Overlay is the disk that the machine writes to.
func (c *machineConfig) Overlay() string {
	chain := c.chain()
	return chain[len(chain)-1]
}

// chain returns the disks over the base.
func (c *machineConfig) chain() []string {
	if len(c.Overlays) == 0 {
		return []string{filepath.Join(c.Dir, overlayFile)}
	}
	return c.Overlays
}

// SwapFile is where the scratch disk must be before the start, if there is one.
func (c *machineConfig) SwapFile() string { return filepath.Join(c.Dir, swapFile) }

// consoleLog keeps what the machine prints on its serial console.
func (c *machineConfig) consoleLog() string { return filepath.Join(c.Dir, consoleFile) }

// Argv is QEMU's whole command line, program first. It names every
// disk's format. The base is a node of its own that is read-only and has no backing
// file, whatever its header says.
func (c *machineConfig) Argv() []string {
	cpu := "host"
	accel := "kvm"
	if c.Accel == TCG {
		// Everything that is emulated, but for five-level page tables, which
		// only make every access longer.
		cpu, accel = "max,-la57", "tcg,thread=multi"
	}
	// Without graphics the BIOS talks on the serial console, too.
	machine, flash := c.Bus.board()+",graphics=off", []string(nil)
	if c.OVMF != nil {
		machine += ",pflash0=code,pflash1=vars"
		flash = []string{"-blockdev", fileNode("code", c.OVMF.Code, true), "-blockdev", fileNode("vars", c.vars(), false)}
	}
	var memory []string
	if c.Memory != nil {
		machine += ",memory-backend=ram"
		memory = []string{"-object", fmt.Sprintf("memory-backend-file,id=ram,size=%dM,mem-path=/proc/self/fd/%d,share=on", c.RAM, memoryFD)}
	}
	last := []string{"-device", "virtio-balloon-pci,free-page-reporting=on", "-S"}
	if c.State != nil {
		last = append(last, "-incoming", "defer")
	}
	return slices.Concat([]string{
		qemuProgram, "-name", "stratus-create-image",
		"-nodefaults", "-no-user-config", "-display", "none",
		"-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
		"-machine", machine, "-accel", accel, "-cpu", cpu,
		"-smp", strconv.Itoa(c.CPU), "-m", strconv.Itoa(c.RAM),
		"-boot", "strict=on",
		"-chardev", fmt.Sprintf("socket,id=qmp,fd=%d,server=on,wait=off", qmpFD), "-mon", "chardev=qmp,mode=control",
		"-chardev", fmt.Sprintf("socket,id=console,fd=%d,server=on,wait=off", consoleFD), "-serial", "chardev:console",
		"-device", "virtio-rng-pci",
	}, memory, flash, c.disks(), c.cards(), last)
}

// vars is where the variables of a UEFI firmware are.
func (c *machineConfig) vars() string { return filepath.Join(c.Dir, varsFile) }

// disks are the options for the disks: the system's first, then the swap,
// where images expect it.
func (c *machineConfig) disks() []string {
	argv := append(c.Bus.controllers(2+len(c.Seeds), c.OVMF != nil), "-blockdev", node(c.baseNode()))
	chain, below := c.chain(), "base"
	for i, path := range chain {
		argv = append(argv, "-blockdev", node(overlayNode(i, path, below, i < len(chain)-1)))
		below = diskName(i)
	}
	argv = append(argv, c.Bus.disk(0, below, false, ",bootindex=0")...)
	if c.Swap > 0 {
		argv = append(argv, "-blockdev", fileNode("swap", c.SwapFile(), false))
		argv = append(argv, c.Bus.disk(1, "swap", false, ",serial="+swapSerial)...)
	}
	for i, path := range c.Seeds {
		name := fmt.Sprintf("seed%d", i)
		argv = append(argv, "-blockdev", fileNode(name, path, true))
		argv = append(argv, c.Bus.disk(2+i, name, true, "")...)
	}
	return argv
}

// cards are the options for the network. A guest that does not find its disk
// on virtio may yet have the driver of the network card there, or not; one of
// the clouds' kernels has no other. So there are two cards then, on one wire.
func (c *machineConfig) cards() []string {
	restrict := "off"
	if c.Network == NoNetwork {
		restrict = "on"
	}
	argv := []string{"-netdev", "user,id=net,restrict=" + restrict + ",hostfwd=tcp:127.0.0.1:0-:22"}
	if c.Bus == Virtio || c.Bus == "" {
		return append(argv, "-device", "virtio-net-pci,netdev=net,romfile=,mac="+MAC)
	}
	return append(argv,
		"-netdev", "hubport,id=plug,hubid=0,netdev=net",
		"-netdev", "hubport,id=plug0,hubid=0", "-device", "virtio-net-pci,netdev=plug0,romfile=,mac="+MAC,
		"-netdev", "hubport,id=plug1,hubid=0", "-device", "e1000,netdev=plug1,romfile=")
}
