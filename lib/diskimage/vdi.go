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

func (i source) checkVdi() (virtual uint64, err error) {
	header, err := i.read(0, vdiHeaderSize)
	if err != nil {
		return 0, err
	}
	if !hasAt(header, vdiMagicAt, vdiMagic) {
		return 0, malformed("no VDI signature")
	}
	if version := binary.LittleEndian.Uint32(header[0x44:]); version != vdiVersion11 {
		return 0, malformed("VDI version %#x, want %#x", version, vdiVersion11)
	}
	switch kind := binary.LittleEndian.Uint32(header[0x4c:]); kind {
	case vdiDynamic, vdiStatic:
	case vdiUndo, vdiDifferencing:
		return 0, foreign("VDI of type %d, which has a parent", kind)
	default:
		return 0, malformed("VDI of type %d, want %d or %d", kind, vdiDynamic, vdiStatic)
	}
	// The UUID of the parent, and the one of the parent's last change.
	for _, uuid := range [][]byte{header[0x1a8:0x1b8], header[0x1b8:0x1c8]} {
		if !bytes.Equal(uuid, make([]byte, 16)) {
			return 0, foreign("VDI with the parent UUID %x", uuid)
		}
	}
	return binary.LittleEndian.Uint64(header[0x170:]), nil
}
