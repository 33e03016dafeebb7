package local

import (
	"errors"
	"fmt"
	"os"

	"github.com/stratuslab/stratus/lib/report"
)

// Firmware is what starts the system on a machine's disk.
type Firmware string

// The firmwares of --firmware.
const (
	AutoFirmware Firmware = "auto"
	BIOS         Firmware = "bios"
	UEFI         Firmware = "uefi"
)

// ParseFirmware reads a firmware's name.
func ParseFirmware(name string) (Firmware, error) {
	return report.OneOf(AutoFirmware, BIOS, UEFI)(name)
}

// OVMF is a UEFI firmware for virtual machines, in two files: its code, and
// the variables with which a new machine begins.
type OVMF struct{ Code, Vars string }

// places are where distributions have OVMF, without Secure Boot: with it,
// systems that nobody signed do not start. All are raw images of flash memory.
var places = []OVMF{
	{"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"},                   // Debian, Ubuntu
	{"/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"},                         // older ones; Fedora's links
	{"/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"},               // Fedora and its kin
	{"/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"},           // Arch
	{"/usr/share/edk2-ovmf/x64/OVMF_CODE.fd", "/usr/share/edk2-ovmf/x64/OVMF_VARS.fd"},       // older ones
	{"/usr/share/qemu/ovmf-x86_64-4m-code.bin", "/usr/share/qemu/ovmf-x86_64-4m-vars.bin"},   // openSUSE
	{"/usr/share/qemu/ovmf-x86_64-code.bin", "/usr/share/qemu/ovmf-x86_64-vars.bin"},         // older ones
	{"/usr/share/edk2-ovmf/OVMF_CODE.fd", "/usr/share/edk2-ovmf/OVMF_VARS.fd"},               // Gentoo
	{"/usr/share/qemu/edk2-x86_64-code.fd", "/usr/share/qemu/edk2-i386-vars.fd"},             // QEMU's own
	{"/usr/local/share/qemu/edk2-x86_64-code.fd", "/usr/local/share/qemu/edk2-i386-vars.fd"}, // the same, built here
}

// errNoOVMF reports that this host has no UEFI firmware for machines.
var errNoOVMF = errors.New("there is no UEFI firmware (OVMF) on this host")

// findOVMF returns the firmware in the first of the places that has one.
func findOVMF(places []OVMF) (*OVMF, error) {
	for _, o := range places {
		if regular(o.Code) && regular(o.Vars) {
			return &o, nil
		}
	}
	return nil, report.WithHint(errNoOVMF, "install it; on Debian and Ubuntu: apt-get install ovmf")
}

func regular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// copyVars copies the variables with which a new machine begins.
func (o *OVMF) copyVars(to string) error {
	vars, err := os.ReadFile(o.Vars)
	if err != nil {
		return fmt.Errorf("copying the firmware's variables: %w", err)
	}
	if err := os.WriteFile(to, vars, 0o600); err != nil {
		return fmt.Errorf("copying the firmware's variables: %w", err)
	}
	return nil
}
