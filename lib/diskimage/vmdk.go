package diskimage

import (
	"encoding/binary"
	"math"
)

// The header of a VMDK sparse file, all numbers little-endian and in sectors:
// "Virtual Disk Format 5.0" of VMware.
const (
	sector         = 512
	vmdkHeaderSize = sector

	// vmdkMaxDescriptor bounds the text of a descriptor; the programs that
	// write one reserve 10 KiB.
	vmdkMaxDescriptor = 1 << 20

	// QEMU looks for a parent in these bytes, wherever the header says that
	// the descriptor is.
	vmdkFixedDescriptor     = 0x200
	vmdkFixedDescriptorSize = 20 * sector

	// vmdkAtEnd as the grain directory means that a copy of the header near
	// the end of the file counts. It lies before the end-of-stream marker.
	vmdkAtEnd  = math.MaxUint64
	vmdkFooter = 2 * sector
)

type vmdkHeader struct {
	capacity         uint64
	descriptorOffset uint64
	descriptorSize   uint64
	grainDirectory   uint64
}

func (i source) vmdkHeader() (vmdkHeader, error) {
	header, err := i.vmdkHeaderAt(0)
	if err != nil {
		return vmdkHeader{}, err
	}
	// To QEMU this is a text descriptor in disguise.
	if header.capacity == 0 {
		return vmdkHeader{}, malformed("VMDK with a capacity of 0 sectors")
	}
	if header.grainDirectory != vmdkAtEnd {
		return header, nil
	}
	footer, err := i.vmdkHeaderAt(i.size - vmdkFooter)
	if err != nil {
		return vmdkHeader{}, err
	}
	if footer.capacity != header.capacity {
		return vmdkHeader{}, malformed("VMDK of %d sectors by its header, %d by its footer", header.capacity, footer.capacity)
	}
	return header, nil
}

func (i source) vmdkHeaderAt(offset int64) (vmdkHeader, error) {
	b, err := i.read(offset, vmdkHeaderSize)
	if err != nil {
		return vmdkHeader{}, err
	}
	if !hasAt(b, 0, vmdkMagic) {
		return vmdkHeader{}, malformed("no VMDK header at offset %d", offset)
	}
	return vmdkHeader{
		capacity:         binary.LittleEndian.Uint64(b[12:]),
		descriptorOffset: binary.LittleEndian.Uint64(b[28:]),
		descriptorSize:   binary.LittleEndian.Uint64(b[36:]),
		grainDirectory:   binary.LittleEndian.Uint64(b[56:]),
	}, nil
}

// checkVmdk returns the capacity of a sparse file. A text descriptor holds no disk.
func (i source) checkVmdk() (virtual uint64, err error) {
	start, err := i.read(0, len(vmdkMagic))
	if err != nil {
		return 0, err
	}
	if !hasAt(start, 0, vmdkMagic) {
		return 0, i.vmdkText()
	}
	header, err := i.vmdkHeader()
	if err != nil {
		return 0, err
	}
	fixed, err := i.read(vmdkFixedDescriptor, int(min(i.size-vmdkFixedDescriptor, vmdkFixedDescriptorSize)))
	if err != nil {
		return 0, err
	}
	if err := checkParentHint(string(fixed)); err != nil {
		return 0, err
	}
	descriptor, err := i.vmdkDescriptor(header)
	if err != nil {
		return 0, err
	}
	if err := checkDescriptor(string(descriptor)); err != nil {
		return 0, err
	}
	if header.capacity > maxVirtual/sector {
		return 0, malformed("VMDK of %d sectors, at most %d", header.capacity, int64(maxVirtual/sector))
	}
	return header.capacity * sector, nil
}

// vmdkText returns the error for a file without a header.
func (i source) vmdkText() error {
	text, err := i.read(0, int(min(i.size, vmdkMaxDescriptor)))
	if err != nil {
		return err
	}
	if !hasAt(text, 0, vmdkText) {
		return malformed("neither a VMDK header nor a VMDK descriptor")
	}
	return foreign("VMDK descriptor with the extent %.1000q", firstExtent(string(text)))
}

// vmdkDescriptor returns the descriptor embedded in a sparse file.
func (i source) vmdkDescriptor(header vmdkHeader) ([]byte, error) {
	if header.descriptorOffset == 0 || header.descriptorSize == 0 {
		return nil, malformed("VMDK without a descriptor: it is an extent of a larger disk")
	}
	if header.descriptorSize > vmdkMaxDescriptor/sector {
		return nil, malformed("VMDK descriptor of %d sectors, at most %d", header.descriptorSize, vmdkMaxDescriptor/sector)
	}
	if header.descriptorOffset > uint64(i.size)/sector {
		return nil, malformed("VMDK descriptor at sector %d, the image has %d bytes", header.descriptorOffset, i.size)
	}
	return i.read(int64(header.descriptorOffset)*sector, int(header.descriptorSize)*sector)
}
