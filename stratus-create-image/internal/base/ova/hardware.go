package ova

import (
	"strings"

	"github.com/stratuslab/stratus/lib/strictxml"
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
