package diskimage

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// The structures of a VHDX image, all numbers little-endian: MS-VHDX of
// Microsoft.
const (
	vhdxHeader      = 64 << 10
	vhdxHeader2     = 128 << 10 // the copy
	vhdxHeaderSize  = 4 << 10
	vhdxHeaderMagic = "head"

	vhdxTableSize     = 64 << 10 // of a region table and of the metadata table
	vhdxRegionTable   = 192 << 10
	vhdxRegionTable2  = 256 << 10 // the copy
	vhdxRegionMagic   = "regi"
	vhdxMetadataMagic = "metadata"
	vhdxEntrySize     = 32
	vhdxMaxEntries    = 2047

	vhdxHasParent = 1 << 1 // flag in the file parameters
)

// GUIDs as they are on disk.
const (
	vhdxMetadataRegion  = "\x06\xa2\x7c\x8b\x90\x47\x9a\x4b\xb8\xfe\x57\x5f\x05\x0f\x88\x6e"
	vhdxFileParameters  = "\x37\x67\xa1\xca\x36\xfa\x43\x4d\xb3\xb6\x33\xf0\xaa\x44\xe7\x6b"
	vhdxVirtualDiskSize = "\x24\x42\xa5\x2f\x1b\xcd\x76\x48\xb2\x11\x5d\xbe\xd8\x3b\xf4\xb8"
	vhdxParentLocator   = "\x2d\x5f\xd3\xa8\x0b\xb3\x4d\x45\xab\xf7\xd3\xd8\x48\x34\xab\x0c"
)

// checkVhdxLog refuses an image that was not closed cleanly. A program that
// opens it replays its log first, which may change anything that is read here.
func (i source) checkVhdxLog() error {
	signature, err := i.read(0, len(vhdxMagic))
	if err != nil {
		return err
	}
	if !hasAt(signature, 0, vhdxMagic) {
		return malformed("no VHDX signature")
	}
	var (
		current  []byte
		sequence uint64
	)
	for _, offset := range []int64{vhdxHeader, vhdxHeader2} {
		header, err := i.read(offset, vhdxHeaderSize)
		if err != nil {
			return err
		}
		if n := binary.LittleEndian.Uint64(header[8:]); vhdxHeaderValid(header) && (current == nil || n > sequence) {
			current, sequence = header, n
		}
	}
	if current == nil {
		return malformed("no valid VHDX header")
	}
	if log := current[48:64]; !bytes.Equal(log, make([]byte, 16)) {
		return malformed("VHDX that was not closed cleanly: the log %x is still to be replayed", log)
	}
	return nil
}

// vhdxHeaderValid verifies the checksum, which decides which header counts.
func vhdxHeaderValid(header []byte) bool {
	blank := bytes.Clone(header)
	clear(blank[4:8])
	sum := crc32.Checksum(blank, crc32.MakeTable(crc32.Castagnoli))
	return hasAt(header, 0, vhdxHeaderMagic) && sum == binary.LittleEndian.Uint32(header[4:])
}

// vhdxMetadata is where the metadata region begins, and its table.
type vhdxMetadata struct {
	offset int64
	table  []byte
}

// vhdxMetadata finds the metadata region. The region table exists twice, and
// which copy counts depends on checksums and on the program: they must agree.
func (i source) vhdxMetadata() (vhdxMetadata, error) {
	if err := i.checkVhdxLog(); err != nil {
		return vhdxMetadata{}, err
	}
	first, err := i.vhdxMetadataOffset(vhdxRegionTable)
	if err != nil {
		return vhdxMetadata{}, err
	}
	second, err := i.vhdxMetadataOffset(vhdxRegionTable2)
	if err != nil {
		return vhdxMetadata{}, err
	}
	if first != second {
		return vhdxMetadata{}, malformed("VHDX metadata at offset %d by one region table, at %d by the other", first, second)
	}
	table, err := i.read(first, vhdxTableSize)
	if err != nil {
		return vhdxMetadata{}, err
	}
	if !hasAt(table, 0, vhdxMetadataMagic) {
		return vhdxMetadata{}, malformed("no VHDX metadata at offset %d", first)
	}
	return vhdxMetadata{first, table}, nil
}

func (i source) vhdxMetadataOffset(regionTable int64) (int64, error) {
	table, err := i.read(regionTable, vhdxTableSize)
	if err != nil {
		return 0, err
	}
	if !hasAt(table, 0, vhdxRegionMagic) {
		return 0, malformed("no VHDX region table at offset %d", regionTable)
	}
	entry, err := vhdxEntry(table, 16, binary.LittleEndian.Uint32(table[8:]), vhdxMetadataRegion)
	if err != nil {
		return 0, err
	}
	if entry == nil {
		return 0, malformed("no metadata region in the VHDX region table at offset %d", regionTable)
	}
	offset := binary.LittleEndian.Uint64(entry[16:])
	if offset > uint64(i.size) {
		return 0, malformed("VHDX metadata at offset %d, the image has %d bytes", offset, i.size)
	}
	return int64(offset), nil
}

// vhdxEntry returns the entry for the GUID among the entries that begin at
// the given place in a table, or nil if there is none.
func vhdxEntry(table []byte, start int, count uint32, guid string) ([]byte, error) {
	if count > vhdxMaxEntries || start+int(count)*vhdxEntrySize > len(table) {
		return nil, malformed("VHDX table with %d entries, at most %d", count, vhdxMaxEntries)
	}
	var found []byte
	for n := range int(count) {
		entry := table[start+n*vhdxEntrySize:][:vhdxEntrySize]
		if !hasAt(entry, 0, guid) {
			continue
		}
		if found != nil {
			return nil, malformed("two entries for %x in a VHDX table", guid)
		}
		found = entry
	}
	return found, nil
}

// entry returns the entry of a metadata item, or nil if there is none.
func (m vhdxMetadata) entry(guid string) ([]byte, error) {
	return vhdxEntry(m.table, 32, uint32(binary.LittleEndian.Uint16(m.table[10:])), guid)
}

// vhdxItem returns the 8 bytes of a metadata item: those read here have that
// length.
func (i source) vhdxItem(m vhdxMetadata, guid string) ([]byte, error) {
	entry, err := m.entry(guid)
	if err != nil {
		return nil, err
	}
	if entry == nil {
		return nil, malformed("no item %x in the VHDX metadata", guid)
	}
	offset, length := binary.LittleEndian.Uint32(entry[16:]), binary.LittleEndian.Uint32(entry[20:])
	if length != 8 || offset < vhdxTableSize {
		return nil, malformed("VHDX metadata item of %d bytes at offset %d, want 8 at %d or more", length, offset, vhdxTableSize)
	}
	return i.read(m.offset+int64(offset), 8)
}

func (i source) checkVhdx() (virtual uint64, err error) {
	metadata, err := i.vhdxMetadata()
	if err != nil {
		return 0, err
	}
	parameters, err := i.vhdxItem(metadata, vhdxFileParameters)
	if err != nil {
		return 0, err
	}
	locator, err := metadata.entry(vhdxParentLocator)
	if err != nil {
		return 0, err
	}
	if binary.LittleEndian.Uint32(parameters[4:])&vhdxHasParent != 0 || locator != nil {
		return 0, foreign("differencing VHDX, which has a parent")
	}
	size, err := i.vhdxItem(metadata, vhdxVirtualDiskSize)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(size), nil
}
