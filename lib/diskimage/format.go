// Package diskimage holds what is known of a virtual disk image: its size,
// digests, format and compression. It recognises format and compression from the
// content, and finds out whether the image stands alone and how large the disk
// in it is. Images are hostile input: every answer comes from the image's own
// headers, with bounded reads, before any other program opens the file. The
// package must not know where images come from, what is done with them, or the
// name of the file: it opens nothing itself.
package diskimage

import (
	"errors"
	"fmt"
	"io"
)

// Format is the container format of a disk image.
type Format string

// The formats that are recognised.
const (
	Raw   Format = "raw"   // anything not recognised as one of the others
	Qcow2 Format = "qcow2" // QEMU, versions 2 and 3
	Vmdk  Format = "vmdk"  // VMware, sparse file or text descriptor
	Vdi   Format = "vdi"   // VirtualBox
	Vhd   Format = "vhd"   // Virtual PC, fixed and dynamic
	Vhdx  Format = "vhdx"  // Hyper-V
	Ova   Format = "ova"   // tar archive that begins with an OVF description
)

// ErrForeign is wrapped by CheckSelfContained when an image depends on other files.
var ErrForeign = errors.New("image depends on other files")

// ErrMalformed is wrapped when the headers of an image are truncated, make no
// sense, or cannot be relied upon: those of a VHDX that was not closed cleanly.
var ErrMalformed = errors.New("malformed image")

// maxVirtual bounds the size of a disk in bytes: beyond it a header lies.
const maxVirtual = 1 << 62

// ParseFormat returns the format with the given name. The names are the
// values of the constants, and img for raw and vpc for vhd. Case matters.
func ParseFormat(name string) (Format, error) {
	switch f := Format(name); f {
	case Raw, Qcow2, Vmdk, Vdi, Vhd, Vhdx, Ova:
		return f, nil
	case "img":
		return Raw, nil
	case "vpc":
		return Vhd, nil
	}
	return "", errors.New("not supported; want raw (or img), qcow2, vmdk, vdi, vhd (or vpc), vhdx or ova")
}

// CheckSelfContained returns the size in bytes of the disk that the image of size
// bytes in f, which has the given format, holds. For a raw image it is size; an OVA
// archive is not one disk, which is an error.
//
// An image that names other files is an error that wraps ErrForeign: a backing file, a
// parent, a data file, or extents. Opening such an image would read files of the host
// that its author chose. Headers that are truncated or contradict themselves give an
// error that wraps ErrMalformed; errors reading f are returned as they are.
//
// Checksums are not verified, but for those of VHDX headers: an image whose
// checksum is wrong may pass here and be refused by the program that opens it.
func CheckSelfContained(f io.ReaderAt, size int64, format Format) (virtual int64, err error) {
	if format == Raw {
		return size, nil
	}
	check, ok := checks[format]
	if !ok {
		return 0, fmt.Errorf("checking an image: the format %q does not hold one disk", format)
	}
	bytes, err := check(source{f, size})
	if err != nil {
		return 0, err
	}
	if bytes > maxVirtual {
		return 0, malformed("disk size of %d bytes, at most %d", bytes, int64(maxVirtual))
	}
	return int64(bytes), nil
}

// checks read the headers of the formats that have any.
var checks = map[Format]func(source) (virtual uint64, err error){
	Qcow2: source.checkQcow2, Vmdk: source.checkVmdk, Vdi: source.checkVdi, Vhd: source.checkVhd, Vhdx: source.checkVhdx,
}

// source is the file of which the headers are read.
type source struct {
	f    io.ReaderAt
	size int64
}

// read returns the n bytes at the offset. The caller bounds n.
func (i source) read(offset int64, n int) ([]byte, error) {
	if n < 0 || offset < 0 || offset > i.size-int64(n) {
		return nil, malformed("%d bytes wanted at offset %d, the image has %d", n, offset, i.size)
	}
	b := make([]byte, n)
	switch got, err := i.f.ReadAt(b, offset); {
	case got == n:
		return b, nil
	case err == nil, errors.Is(err, io.EOF):
		return nil, malformed("%d bytes wanted at offset %d, got %d", n, offset, got)
	default:
		return nil, err
	}
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

func foreign(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrForeign, fmt.Sprintf(format, args...))
}
