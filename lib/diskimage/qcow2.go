package diskimage

import "encoding/binary"

// The header of a qcow2 image, all numbers big-endian: docs/interop/qcow2.txt
// of QEMU.
const (
	qcow2HeaderV2 = 72
	qcow2HeaderV3 = 104

	// qcow2DataFile is the incompatible feature "external data file".
	qcow2DataFile = 1 << 2

	// qcow2MaxName is the longest name of a backing file.
	qcow2MaxName = 1023

	qcow2EndOfExtensions   = 0
	qcow2DataFileExtension = 0x44415441
	// qcow2MaxExtensions bounds the search for the name of a data file.
	qcow2MaxExtensions = 64
)

// qcow2Header returns the fixed part of the header, and its version.
func (i source) qcow2Header() (header []byte, version uint32, err error) {
	header, err = i.read(0, qcow2HeaderV2)
	if err != nil {
		return nil, 0, err
	}
	if !hasAt(header, 0, qcow2Magic) || !qcow2Version(header) {
		return nil, 0, malformed("no qcow2 header of version 2 or 3")
	}
	if version = binary.BigEndian.Uint32(header[4:]); version == 2 {
		return header, version, nil
	}
	header, err = i.read(0, qcow2HeaderV3)
	return header, version, err
}

func (i source) checkQcow2() (virtual uint64, err error) {
	header, version, err := i.qcow2Header()
	if err != nil {
		return 0, err
	}
	if offset := binary.BigEndian.Uint64(header[8:]); offset != 0 {
		name, err := i.qcow2Name(offset, binary.BigEndian.Uint32(header[16:]))
		if err != nil {
			return 0, err
		}
		return 0, foreign("backing file %q", name)
	}
	if version >= 3 && binary.BigEndian.Uint64(header[72:])&qcow2DataFile != 0 {
		name, err := i.qcow2DataFileName(int64(binary.BigEndian.Uint32(header[100:])))
		if err != nil {
			return 0, err
		}
		return 0, foreign("data file %q", name)
	}
	return binary.BigEndian.Uint64(header[24:]), nil
}

func (i source) qcow2Name(offset uint64, length uint32) ([]byte, error) {
	if length > qcow2MaxName {
		return nil, malformed("file name of %d bytes, at most %d", length, qcow2MaxName)
	}
	if offset > uint64(i.size) {
		return nil, malformed("file name at offset %d, the image has %d bytes", offset, i.size)
	}
	return i.read(int64(offset), int(length))
}

// qcow2DataFileName finds the name of the external data file in the header
// extensions at the offset. The name may be left out: it is empty then.
func (i source) qcow2DataFileName(offset int64) ([]byte, error) {
	for range qcow2MaxExtensions {
		extension, err := i.read(offset, 8)
		if err != nil {
			return nil, err
		}
		kind, length := binary.BigEndian.Uint32(extension), binary.BigEndian.Uint32(extension[4:])
		switch kind {
		case qcow2EndOfExtensions:
			return nil, nil
		case qcow2DataFileExtension:
			return i.qcow2Name(uint64(offset)+8, length)
		}
		offset += 8 + (int64(length)+7)/8*8
	}
	return nil, malformed("more than %d header extensions", qcow2MaxExtensions)
}
