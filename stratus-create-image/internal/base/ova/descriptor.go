package ova

import (
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/stratuslab/stratus/lib/strictxml"
)

// descriptor is what is used of an OVF descriptor.
type descriptor struct {
	href     string // of the file that holds the disk
	gzip     bool   // that file is compressed
	format   string // the disk's, a URI
	vmdk     bool   // the format is VMDK
	capacity int64  // of the disk, in bytes; 0 where it is not known
	bus      string
}

// limits fit any descriptor of one machine.
var limits = strictxml.Limits{Bytes: maxText, Depth: 64}

// Versions 1 and 2 of the format. They do not differ in what we read.
const (
	envelope1 = "http://schemas.dmtf.org/ovf/envelope/1"
	envelope2 = "http://schemas.dmtf.org/ovf/envelope/2"
)

func parseDescriptor(text []byte) (*descriptor, error) {
	doc, err := strictxml.Parse(text, limits)
	if err != nil {
		return nil, unusable("reading the descriptor: %w", err)
	}
	root := doc.Root
	if root.Local != "Envelope" || root.URI != envelope1 && root.URI != envelope2 {
		return nil, unusable("the root element of the descriptor is %.100q of the namespace %.100q; want Envelope of %q", root.Local, root.URI, envelope1)
	}
	o := ovf{root.URI}
	disk, err := o.onlyDisk(root)
	if err != nil {
		return nil, err
	}
	d := &descriptor{format: o.attribute(disk, "format")}
	d.vmdk = strings.Contains(d.format, "vmdk")
	d.capacity = capacity(o.attribute(disk, "capacity"), o.attribute(disk, "capacityAllocationUnits"))
	d.bus = o.bus(root, o.attribute(disk, "diskId"))
	return d, o.file(root, o.attribute(disk, "fileRef"), d)
}

// ovf finds elements and attributes of one version of the format.
type ovf struct{ namespace string }

func (o ovf) attribute(n *strictxml.Node, local string) string {
	value, _ := n.Attribute(strictxml.Name{URI: o.namespace, Local: local})
	return value
}

func (o ovf) elements(n *strictxml.Node, local string) []*strictxml.Node {
	return n.Descendants(strictxml.Name{URI: o.namespace, Local: local})
}

// onlyDisk returns the only element Disk of the only DiskSection.
func (o ovf) onlyDisk(root *strictxml.Node) (*strictxml.Node, error) {
	var disks []*strictxml.Node
	for _, section := range o.elements(root, "DiskSection") {
		disks = append(disks, o.elements(section, "Disk")...)
	}
	if len(disks) != 1 {
		var names []string
		for _, disk := range disks[:min(len(disks), 10)] {
			names = append(names, fmt.Sprintf("%.100q", o.attribute(disk, "diskId")))
		}
		return nil, unusable("%d disks in the appliance (%s); want one", len(disks), strings.Join(names, ", "))
	}
	if parent := o.attribute(disks[0], "parentRef"); parent != "" {
		return nil, unusable("the disk holds only the differences to the disk %.100q, which is not supported", parent)
	}
	return disks[0], nil
}

// file finds the file of References that has the id.
func (o ovf) file(root *strictxml.Node, id string, d *descriptor) error {
	var files []*strictxml.Node
	for _, references := range o.elements(root, "References") {
		files = append(files, o.elements(references, "File")...)
	}
	files = slices.DeleteFunc(files, func(f *strictxml.Node) bool { return o.attribute(f, "id") != id })
	if id == "" || len(files) != 1 {
		return unusable("%d files with the id %.100q, to which the disk refers; want one", len(files), id)
	}
	if size := o.attribute(files[0], "chunkSize"); size != "" {
		return unusable("a disk in chunks of %.100q bytes is not supported", size)
	}
	switch compression := o.attribute(files[0], "compression"); compression {
	case "gzip":
		d.gzip = true
	case "", "identity":
	default:
		return unusable("the compression %.100q of the disk is not supported; want gzip or identity", compression)
	}
	d.href = o.attribute(files[0], "href")
	for _, name := range d.candidates() {
		if err := checkName(name); err != nil {
			return err
		}
	}
	return nil
}

// candidates returns the file names that the href may stand for: it is a URI, but
// not every program encodes it.
func (d *descriptor) candidates() []string {
	if decoded, err := url.PathUnescape(d.href); err == nil && decoded != d.href {
		return []string{d.href, decoded}
	}
	return []string{d.href}
}

// names reports whether the disk is in the file of that name.
func (d *descriptor) names(name string) bool { return slices.Contains(d.candidates(), name) }

// allocationUnits are programmatic units of DSP0004, such as "byte * 2^30".
var allocationUnits = regexp.MustCompile(`^byte(?: ?\* ?(2|10)\^([0-9]{1,2}))?$`)

// capacity returns 0 for what is not valid: the disk itself has its size as well.
func capacity(number, units string) int64 {
	n, err := strconv.ParseInt(number, 10, 64)
	if units == "" {
		units = "byte"
	}
	parts := allocationUnits.FindStringSubmatch(units)
	if err != nil || parts == nil || n < 0 {
		return 0
	}
	factor := 1.0
	if parts[1] != "" {
		base, _ := strconv.ParseFloat(parts[1], 64)
		exponent, _ := strconv.ParseFloat(parts[2], 64)
		factor = math.Pow(base, exponent)
	}
	if float64(n)*factor >= math.MaxInt64 {
		return 0
	}
	return n * int64(factor)
}

// compareSize warns where the descriptor and the disk differ.
func (i *intake) compareSize() {
	if want := i.descriptor.capacity; want != 0 && want != i.appliance.Size {
		i.warn(fmt.Sprintf("the disk has %d bytes, the descriptor says %d", i.appliance.Size, want))
	}
}
