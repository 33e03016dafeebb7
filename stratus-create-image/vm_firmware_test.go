package main

import (
	"os"
	"syscall"
	"testing"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/peers"
)

// testBaseHybrid is a base image that BIOS and UEFI can start, with a kernel for
// all machines: it has drivers for IDE and SATA, and for network cards that
// are no virtio.
func testBaseHybrid(t *testing.T) string {
	t.Helper()
	testBase(t) // what that needs, this needs, too
	base := os.Getenv("STRATUS_TEST_BASE_HYBRID")
	if base == "" {
		peers.Missing(t, "STRATUS_TEST_BASE_HYBRID names no base image (make check makes one)")
	}
	if err := haveOVMF(); err != nil {
		peers.Missing(t, err.Error()+" (scripts/install-deps installs it)")
	}
	return base
}

// uefiOnly takes away what a BIOS starts: its program in the first sector, and
// the partition with the rest of it.
const uefiOnly = `#!/bin/sh
set -eu
number=$(sfdisk --dump /dev/vda | sed -n 's|^/dev/vda\([0-9]*\) .*21686148-6449-6E6F-744E-656564454649.*|\1|p')
dd if=/dev/zero of=/dev/vda bs=440 count=1 conv=notrunc,fsync status=none
sfdisk --quiet --no-reread --no-tell-kernel --force --delete /dev/vda "$number"
`

// whichFirmware prints what started the machine.
const whichFirmware = "[ -d /sys/firmware/efi ] && echo uefi || echo bios"

// TestUEFI starts by UEFI what a BIOS could start, too, takes that away, and
// then leaves it to the command to find out what is needed. Each machine gets
// another context, and the last one loses its QEMU.
func TestUEFI(t *testing.T) {
	base := testBaseHybrid(t)
	peers.Need(t, "tar", "sha256sum")
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, dir+"/uefi-only.sh", uefiOnly, 0o755)
	check := func(m *message, messages, taken string, more ...string) {
		checkLines(t, messages, `starting the machine: .*, (disks on .*)`, "disks on virtio, uefi")
		m.check(t, messages, taken, append([]string{"uefi"}, more...)...)
	}
	m := newMessage(t, "opennebula")
	messages, _ := makeFrom(t, m.dir, base, m.args(withHook(t,
		"--run", whichFirmware, "--firmware", "uefi", "-s", dir+"/uefi-only.sh", "-o", dir+"/only.vhdx")...)...)
	check(m, messages, "cloud-init (OpenNebula)")
	checkFormat(t, dir+"/only.vhdx", "vhdx", "")

	m = newMessage(t, "auto")
	messages, _ = makeFrom(t, m.dir, dir+"/only.vhdx", m.args("--run", whichFirmware, "-o", dir+"/box.ova")...)
	check(m, messages, "hepix and stratuslab")
	unpackAppliance(t, dir+"/box.ova", `vmw:key="firmware" vmw:value="efi"`)

	m = newMessage(t, "stratuslab")
	b := startFrom(t, m.dir, nil, dir+"/box.ovf", m.args("--run", whichFirmware, "--run", sleeps, "-o", "out.qcow2")...)
	b.waitLine(`run\| started`)
	if err := syscall.Kill(b.qemu(), syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	b.checkFails(1, "the virtual machine ended by itself: QEMU: signal: killed", m.dir, m.files...)
	check(m, b.stderr.String(), "hepix and stratuslab", "started")
}

// forget makes a kernel one that has no driver of a name, as far as the machine
// can tell: it is told to leave it alone.
func forget(driver string) string {
	return "sed -i 's/ net.ifnames=0/& modprobe.blacklist=" + driver + "/' /boot/grub/grub.cfg"
}

// whatHardware prints what started the machine, the buses that it finds disks
// on, the drivers of its network cards, and how many virtio devices it finds.
const whatHardware = whichFirmware + `
lsblk --nodeps --noheadings --output TRAN | sort -u
basename -a $(readlink /sys/class/net/*/device/driver)
ls /sys/bus/virtio/devices 2>/dev/null | wc -l`

// TestOldHardware makes a guest that has no drivers of virtio, and of that a
// guest that has none of SATA either. Both are made images of, without a word
// about their disks, and the last one is started with it. Each machine gets
// another context; the last one gets none, and is interrupted. Of IDE's four
// disks two are left for a context, and the hook's is none of the first two.
func TestOldHardware(t *testing.T) {
	base := testBaseHybrid(t)
	peers.Need(t, "tar", "sha256sum")
	t.Parallel()
	dir := t.TempDir()
	m := newMessage(t, "nocloud")
	messages, _ := makeFrom(t, m.dir, base,
		m.args(withHook(t, "--run", whichFirmware, "--run", forget("virtio_pci"), "-o", dir+"/no-virtio.vhd")...)...)
	checkLines(t, messages, `starting the machine: .*, (disks on .*)`, "disks on virtio, bios")
	m.check(t, messages, "cloud-init (NoCloud)", "bios")
	checkFormat(t, dir+"/no-virtio.vhd", "vpc", "")

	m = newMessage(t, "hepix")
	messages, draft := makeFrom(t, m.dir, dir+"/no-virtio.vhd",
		m.args("--run", whatHardware, "--run", forget("ahci"), "--run", hookOff, "-o", dir+"/ide.qcow2")...)
	checkLines(t, messages, `does not find its disk on (.*) \(`, "virtio: trying sata")
	m.check(t, messages, "hepix", "bios", "sata", "e1000", "0")
	checkTerms(t, draft, map[metadata.Term]string{metadata.Format: "qcow2", metadata.DisksBus: "sata"})

	m = newMessage(t, "auto")
	messages, draft = makeFrom(t, m.dir, dir+"/ide.qcow2",
		m.args(withKeys("--run", whatHardware, "--run", hookOn, "-o", dir+"/ide.ova")...)...)
	checkLines(t, messages, `does not find its disk on (.*) \(`, "virtio: trying sata", "sata: trying ide")
	m.check(t, messages, "cloud-init (NoCloud)", "bios", "ata", "e1000", "0")
	checkTerms(t, draft, map[metadata.Term]string{metadata.Format: "ova", metadata.DisksBus: "ide"})
	unpackAppliance(t, dir+"/ide.ova", `ResourceSubType>PIIX4<`)

	last := t.TempDir()
	b := startUntold(t, last, dir+"/ide.ova", m.dir+"/key",
		"--disks-bus", "ide", "--run", whatHardware, "--run", sleeps, "-o", "out.qcow2")
	b.waitLine(`run\| started`)
	b.signal(syscall.SIGINT)
	b.checkFails(130, "interrupted", last)
	checkLines(t, b.stderr.String(), `starting the machine: .*, (disks on .*)`, "disks on ide, bios")
	checkUntold(t, b.stderr.String(), "bios", "ata", "e1000", "0", "started")
}
