package local

import (
	"bytes"
	"encoding/binary"
)

// headSize is how much of a disk's beginning needsUEFI reads, in bytes: all of a
// partition table of the usual size, with sectors of 512 bytes.
const headSize = 34 * sector

const (
	sector = 512
	// bootCode is how much of the first sector is a program for the BIOS; the
	// table of partitions is in its last 66 bytes.
	bootCode = 440
	table    = 446
	slot     = 16
)

// Types of partitions in the first sector.
const (
	typeProtective = 0xee // all of the disk has a GUID partition table
	typeESP        = 0xef
)

// guid is a GUID as it is on disk: its first three parts little endian.
type guid [16]byte

var (
	// C12A7328-F81F-11D2-BA4B-00A0C93EC93B
	guidESP = guid{0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b}
	// 21686148-6449-6E6F-744E-656564454649
	guidBIOSBoot = guid{'H', 'a', 'h', '!', 'I', 'd', 'o', 'n', 't', 'N', 'e', 'e', 'd', 'E', 'F', 'I'}
)

// legacyBoot is the attribute of a partition that boot code is to start.
const legacyBoot = 1 << 2

// needsUEFI reports whether a disk that begins with head boots by UEFI only: it
// has an EFI system partition, and nothing that a BIOS could start. The head is
// hostile input: without a valid partition table it reports false.
func needsUEFI(head []byte) bool {
	if len(head) < sector || head[510] != 0x55 || head[511] != 0xaa {
		return false
	}
	code := !zero(head[:bootCode])
	protective, esp := false, false
	for at := table; at < table+4*slot; at += slot {
		switch head[at+4] {
		case typeProtective:
			protective = true
		case typeESP:
			esp = true
		}
	}
	if !protective {
		return esp && !code
	}
	// Boot code is on many disks; on one with a GUID partition table it needs a
	// place for the rest of it, or a partition that is marked for it.
	esp, bios := partitions(head)
	return esp && (!code || !bios)
}

// partitions reports whether a GUID partition table has an EFI system partition,
// and whether it has a partition for a BIOS.
func partitions(head []byte) (esp, bios bool) {
	const (
		signature  = "EFI PART"
		maxEntries = 128
		minSize    = 128
	)
	if len(head) < 2*sector || string(head[sector:sector+len(signature)]) != signature {
		return false, false
	}
	header := head[sector : 2*sector]
	start := binary.LittleEndian.Uint64(header[72:])
	count := binary.LittleEndian.Uint32(header[80:])
	size := int(binary.LittleEndian.Uint32(header[84:]))
	if start < 2 || start > uint64(len(head)/sector) || size < minSize || size > sector {
		return false, false
	}
	entries := head[start*sector:]
	for range min(count, maxEntries) {
		if len(entries) < size {
			break
		}
		switch kind := guid(entries[:16]); {
		case kind == guidESP:
			esp = true
		case kind == guidBIOSBoot, kind != guid{} && binary.LittleEndian.Uint64(entries[48:])&legacyBoot != 0:
			bios = true
		}
		entries = entries[size:]
	}
	return esp, bios
}

func zero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }
