package diskimage

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"io"
	"strings"
)

const (
	// headSize holds every signature at the front, and the first header of a
	// tar archive with room for extended headers before it.
	headSize = 16 << 10
	// tailSize is the length of the footer of a VHD.
	tailSize = 512
)

const (
	qcow2Magic   = "QFI\xfb"
	vmdkMagic    = "KDMV"
	vmdkText     = "# Disk DescriptorFile"
	vhdMagic     = "conectix"
	vhdxMagic    = "vhdxfile"
	vdiMagic     = "\x7f\x10\xda\xbe"
	vdiMagicAt   = 0x40
	ustarMagic   = "ustar"
	ustarMagicAt = 257
)

// DetectFile returns the format of the image of size bytes in f. Whatever is
// not recognised is raw: a plain tar archive, and also a qcow image of a
// version other than 2 and 3, which is another format. Errors wrap
// ErrMalformed when f has fewer than size bytes; reading errors of f are
// returned as they are.
func DetectFile(f io.ReaderAt, size int64) (Format, error) {
	i := source{f, size}
	head, err := i.read(0, int(min(size, headSize)))
	if err != nil {
		return "", err
	}
	tail, err := i.read(max(size-tailSize, 0), int(min(size, tailSize)))
	if err != nil {
		return "", err
	}
	return detect(head, tail), nil
}

// Sniffer is an io.Writer that recognises the format of the image written to
// it. It keeps only the ends of the image. The zero value is ready to use.
type Sniffer struct {
	head, tail []byte
}

// Write takes the next bytes of the image. It never fails.
func (s *Sniffer) Write(p []byte) (int, error) {
	s.head = append(s.head, p[:min(len(p), headSize-len(s.head))]...)
	last := p[max(len(p)-tailSize, 0):]
	if over := len(s.tail) + len(last) - tailSize; over > 0 {
		s.tail = s.tail[:copy(s.tail, s.tail[over:])]
	}
	s.tail = append(s.tail, last...)
	return len(p), nil
}

// Format returns the format of what was written so far, as DetectFile does.
func (s *Sniffer) Format() Format {
	return detect(s.head, s.tail)
}

// detect decides from the first headSize and the last tailSize bytes of an
// image, or all of it when it is shorter. The front comes first, as it does
// for every program that probes images.
func detect(head, tail []byte) Format {
	switch {
	case hasAt(head, 0, qcow2Magic) && qcow2Version(head):
		return Qcow2
	case hasAt(head, 0, vmdkMagic), hasAt(head, 0, vmdkText):
		return Vmdk
	case hasAt(head, vdiMagicAt, vdiMagic):
		return Vdi
	case hasAt(head, 0, vhdxMagic):
		return Vhdx
	case hasAt(head, 0, vhdMagic):
		return Vhd
	case hasAt(head, ustarMagicAt, ustarMagic) && startsWithOvf(head):
		return Ova
	case len(tail) == tailSize && hasAt(tail, 0, vhdMagic):
		return Vhd
	}
	return Raw
}

func hasAt(b []byte, offset int, magic string) bool {
	return len(b) >= offset && bytes.HasPrefix(b[offset:], []byte(magic))
}

func qcow2Version(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	version := binary.BigEndian.Uint32(head[4:])
	return version == 2 || version == 3
}

// startsWithOvf reports whether the first member of a tar archive is an OVF
// description, which is what makes the archive an OVA.
func startsWithOvf(head []byte) bool {
	archive := tar.NewReader(bytes.NewReader(head))
	for {
		header, err := archive.Next()
		if err != nil {
			return false
		}
		if header.Typeflag != tar.TypeXGlobalHeader {
			return header.Typeflag == tar.TypeReg && strings.HasSuffix(strings.ToLower(header.Name), ".ovf")
		}
	}
}
