package ova

import (
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/strictxml"
)

// Vocabularies inside the descriptor.
const (
	vmwareNamespace     = "http://www.vmware.com/schema/ovf"
	virtualBoxNamespace = "http://www.virtualbox.org/ovf/machine"
)

// Resource types of CIM_ResourceAllocationSettingData.
const (
	ideController   = "5"
	scsiController  = "6"
	otherController = "20" // SATA, and for VMware NVMe
)

// bus returns the bus of the controller to which the disk is attached.
func (o ovf) bus(root *strictxml.Node, diskID string) string {
	for _, section := range o.elements(root, "VirtualHardwareSection") {
		parent := ""
		for _, item := range section.Children {
			resource := strings.TrimPrefix(texts(item, "HostResource"), "ovf:")
			if strings.TrimLeft(resource, "/") == "disk/"+diskID {
				parent = texts(item, "Parent")
			}
		}
		for _, item := range section.Children {
			if parent != "" && texts(item, "InstanceID") == parent {
				return controller(texts(item, "ResourceType"), texts(item, "ResourceSubType"))
			}
		}
	}
	return ""
}

func controller(kind, subtype string) string {
	switch kind {
	case ideController:
		return "ide"
	case scsiController:
		return "scsi"
	case otherController:
		if !strings.Contains(strings.ToLower(subtype), "nvme") {
			return "sata"
		}
	}
	return ""
}

// firmware returns the firmware that VMware or VirtualBox record.
func (o ovf) firmware(root *strictxml.Node) string {
	value := ""
	vmware := ovf{vmwareNamespace}
	for _, config := range vmware.elements(root, "Config") {
		if vmware.attribute(config, "key") == "firmware" {
			value = vmware.attribute(config, "value")
		}
	}
	for _, machine := range (ovf{virtualBoxNamespace}).elements(root, "Machine") {
		// Its elements have the namespace of the envelope, or none.
		for _, firmware := range slices.Concat(o.elements(machine, "Firmware"), ovf{}.elements(machine, "Firmware")) {
			value = ovf{}.attribute(firmware, "type")
		}
	}
	return firmwareName(value)
}

func firmwareName(value string) string {
	switch value = strings.ToLower(value); {
	case strings.HasPrefix(value, "efi"): // VirtualBox has EFI32, EFI64 and EFIDUAL
		return "uefi"
	case value == "bios":
		return "bios"
	}
	return ""
}

// texts returns the text in the children of n that have the local name: the
// vocabulary of hardware items has a namespace for every version.
func texts(n *strictxml.Node, local string) string {
	var b strings.Builder
	for _, child := range n.Elements() {
		if child.Local == local {
			b.WriteString(child.Text())
		}
	}
	return strings.TrimSpace(b.String())
}
