package main

import (
	"os"
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
	for _, firmware := range []string{"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"} {
		if _, err := os.Stat(firmware); err != nil {
			peers.Missing(t, err.Error()+" (scripts/install-deps installs it)")
		}
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
// then leaves it to the command to find out what is needed.
func TestUEFI(t *testing.T) {
	base := testBaseHybrid(t)
	peers.Need(t, "tar", "sha256sum")
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, dir+"/uefi-only.sh", uefiOnly, 0o755)
	step := func(from string, args ...string) {
		messages, _ := makeFrom(t, dir, from, append(args, "--run", whichFirmware)...)
		checkLines(t, messages, `starting the machine: .*, (disks on .*)`, "disks on virtio, uefi")
		checkLines(t, messages, `run\| (.*)`, "uefi")
	}
	step(base, "--firmware", "uefi", "-s", "uefi-only.sh", "-o", "only.vhdx")
	checkFormat(t, dir+"/only.vhdx", "vhdx", "")
	step("only.vhdx", "-o", "box.ova")
	unpackAppliance(t, dir+"/box.ova", `vmw:key="firmware" vmw:value="efi"`)
	step("box.ovf", "--no-save")
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
// about their disks, and the last one with it.
func TestOldHardware(t *testing.T) {
	base := testBaseHybrid(t)
	peers.Need(t, "tar", "sha256sum")
	t.Parallel()
	dir := t.TempDir()
	messages, _ := makeFrom(t, dir, base, "--run", whichFirmware, "--run", forget("virtio_pci"), "-o", "no-virtio.vhd")
	checkLines(t, messages, `starting the machine: .*, (disks on .*)`, "disks on virtio, bios")
	checkLines(t, messages, `run\| (.*)`, "bios")
	checkFormat(t, dir+"/no-virtio.vhd", "vpc", "")

	messages, draft := makeFrom(t, dir, "no-virtio.vhd", "--run", whatHardware, "--run", forget("ahci"), "-o", "ide.qcow2")
	checkLines(t, messages, `does not find its disk on (.*) \(`, "virtio: trying sata")
	checkLines(t, messages, `run\| (.*)`, "bios", "sata", "e1000", "0")
	checkTerms(t, draft, map[metadata.Term]string{metadata.Format: "qcow2", metadata.DisksBus: "sata"})

	messages, draft = makeFrom(t, dir, "ide.qcow2", "--run", whatHardware, "-o", "ide.ova")
	checkLines(t, messages, `does not find its disk on (.*) \(`, "virtio: trying sata", "sata: trying ide")
	checkLines(t, messages, `run\| (.*)`, "bios", "ata", "e1000", "0")
	checkTerms(t, draft, map[metadata.Term]string{metadata.Format: "ova", metadata.DisksBus: "ide"})
	unpackAppliance(t, dir+"/ide.ova", `ResourceSubType>PIIX4<`)

	if !testAll() {
		return
	}
	messages, _ = makeFrom(t, dir, "ide.ova", "--disks-bus", "ide", "--run", whatHardware, "--no-save")
	checkLines(t, messages, `starting the machine: .*, (disks on .*)`, "disks on ide, bios")
	checkLines(t, messages, `run\| (.*)`, "bios", "ata", "e1000", "0")
}
