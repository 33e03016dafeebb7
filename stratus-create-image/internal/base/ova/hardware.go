package ova

import (
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
	found := ""
	visit(root, false, func(n *strictxml.Node, virtualBox bool) {
		switch {
		case n.URI == vmwareNamespace && n.Local == "Config" && attribute(n, vmwareNamespace, "key") == "firmware":
			found = firmwareName(attribute(n, vmwareNamespace, "value"))
		case virtualBox && n.Local == "Firmware":
			found = firmwareName(attribute(n, "", "type"))
		}
	})
	return found
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

// visit calls f for every element, and says which ones are in one of VirtualBox's.
func visit(n *strictxml.Node, virtualBox bool, f func(n *strictxml.Node, virtualBox bool)) {
	virtualBox = virtualBox || n.URI == virtualBoxNamespace
	f(n, virtualBox)
	for _, child := range n.Children {
		if child.Kind == strictxml.Element {
			visit(child, virtualBox, f)
		}
	}
}

// texts returns the text in the children of n of the local name: the
// vocabulary of hardware items has a namespace for every version.
func texts(n *strictxml.Node, local string) string {
	var b strings.Builder
	for _, child := range n.Children {
		if child.Kind != strictxml.Element || child.Local != local {
			continue
		}
		for _, text := range child.Children {
			if text.Kind == strictxml.Text || text.Kind == strictxml.CData {
				b.WriteString(text.Data)
			}
		}
	}
	return strings.TrimSpace(b.String())
}

func attribute(n *strictxml.Node, namespace, local string) string {
	for _, a := range n.Attributes {
		if a.URI == namespace && a.Local == local {
			return a.Value
		}
	}
	return ""
}
