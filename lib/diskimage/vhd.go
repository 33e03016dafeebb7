package diskimage

import "encoding/binary"

// The footer of a VHD image, all numbers big-endian: "Virtual Hard Disk Image
// Format Specification" of Microsoft.
const (
	vhdFixed        = 2
	vhdDynamic      = 3
	vhdDifferencing = 4
)

type vhdFooter struct {
	kind uint32
	size uint64 // of the disk, in bytes
}

// vhdFooter returns the footer. A dynamic image has it at both ends, and
// programs differ in which one they believe: where both exist they must agree.
func (i source) vhdFooter() (vhdFooter, error) {
	head, atHead, err := i.vhdFooterAt(0)
	if err != nil {
		return vhdFooter{}, err
	}
	tail, atTail, err := i.vhdFooterAt(i.size - tailSize)
	if err != nil {
		return vhdFooter{}, err
	}
	switch {
	case !atHead && !atTail:
		return vhdFooter{}, malformed("no VHD footer")
	case !atHead:
		return tail, nil
	case atTail && head != tail:
		return vhdFooter{}, malformed("VHD of type %d and %d bytes by its footer, but type %d and %d bytes by the copy in front",
			tail.kind, tail.size, head.kind, head.size)
	}
	return head, nil
}

func (i source) vhdFooterAt(offset int64) (footer vhdFooter, found bool, err error) {
	b, err := i.read(offset, tailSize)
	if err != nil || !hasAt(b, 0, vhdMagic) {
		return vhdFooter{}, false, err
	}
	return vhdFooter{kind: binary.BigEndian.Uint32(b[60:]), size: binary.BigEndian.Uint64(b[48:])}, true, nil
}

// checkVhd returns the current size. For images of Virtual PC some programs use the
// size that the geometry gives instead, which may differ a little.
func (i source) checkVhd() (virtual uint64, err error) {
	footer, err := i.vhdFooter()
	if err != nil {
		return 0, err
	}
	switch footer.kind {
	case vhdFixed, vhdDynamic:
		return footer.size, nil
	case vhdDifferencing:
		return 0, foreign("differencing VHD, which has a parent")
	}
	return 0, malformed("VHD of type %d, want %d or %d", footer.kind, vhdFixed, vhdDynamic)
}
