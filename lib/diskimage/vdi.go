package diskimage

import (
	"bytes"
	"encoding/binary"
)

// The header of a VDI image of version 1.1, all numbers little-endian: VDI.h
// of VirtualBox, block/vdi.c of QEMU.
const (
	vdiHeaderSize = 0x1c8
	vdiVersion11  = 0x00010001

	vdiDynamic      = 1
	vdiStatic       = 2
	vdiUndo         = 3
	vdiDifferencing = 4
)

func (i source) vdiHeader() ([]byte, error) {
	header, err := i.read(0, vdiHeaderSize)
	if err != nil {
		return nil, err
	}
	if !hasAt(header, vdiMagicAt, vdiMagic) {
		return nil, malformed("no VDI signature")
	}
	if version := binary.LittleEndian.Uint32(header[0x44:]); version != vdiVersion11 {
		return nil, malformed("VDI version %#x, want %#x", version, vdiVersion11)
	}
	return header, nil
}

func (i source) checkVdi() error {
	header, err := i.vdiHeader()
	if err != nil {
		return err
	}
	switch kind := binary.LittleEndian.Uint32(header[0x4c:]); kind {
	case vdiDynamic, vdiStatic:
	case vdiUndo, vdiDifferencing:
		return foreign("VDI of type %d, which has a parent", kind)
	default:
		return malformed("VDI of type %d, want %d or %d", kind, vdiDynamic, vdiStatic)
	}
	// The UUID of the parent, and the one of the parent's last change.
	for _, uuid := range [][]byte{header[0x1a8:0x1b8], header[0x1b8:0x1c8]} {
		if !bytes.Equal(uuid, make([]byte, 16)) {
			return foreign("VDI with the parent UUID %x", uuid)
		}
	}
	return nil
}

func (i source) vdiSize() (uint64, error) {
	header, err := i.vdiHeader()
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(header[0x170:]), nil
}
