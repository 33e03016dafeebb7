package base

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base/fetch"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base/ova"
)

// ErrUnusable is wrapped by the errors about a file that is not a disk image to
// start from. Its kind is report.BadInput.
var ErrUnusable = report.BadInputf("unusable base image")

// Limits of base images, in bytes. Zeros compress well, so that a small file may
// hold a large image; what is beyond both limits of unpacking is an attack.
const (
	maxDisk     = 64 << 40 // of the disk in an image
	minUnpacked = 16 << 30 // of what any file is decompressed to
	maxRatio    = 10000    // decompressed bytes for a compressed byte, beyond minUnpacked
)

// maxUnpacked returns the limit for what a file of the given size is decompressed
// to.
func maxUnpacked(size int64) int64 {
	return max(minUnpacked, min(size, maxDisk/maxRatio)*maxRatio)
}

// Image is a base image that has been digested and refers to no other file.
type Image struct {
	Path     string // absolute; of a copy where the image was compressed or in an archive
	Format   diskimage.Format
	Size     int64           // of the disk in it, in bytes
	Sums     diskimage.Image // of the image, uncompressed; of an archive, not of the disk in it
	File     []byte          // SHA-256 of the file as it is, perhaps compressed
	DisksBus string          // ide, scsi or sata; empty where no appliance says so
	Warnings []string        // about an appliance, one line each

	name   string      // of the original
	file   os.FileInfo // of the original, when it was open
	limit  int64       // of what is unpacked, in bytes
	copied bool        // Path is that of a copy
	item   *fetch.Item // nil unless the image is in the cache
}

// Close releases the image in the cache. It must not be used afterwards, except by
// a process that has inherited Hold.
func (i *Image) Close() error {
	if i.item == nil {
		return nil
	}
	return i.item.Close()
}

// Hold returns the open file that keeps the image in the cache, or nil.
func (i *Image) Hold() *os.File {
	if i.item == nil {
		return nil
	}
	return i.item.Lock
}

// Open inspects and digests an image, and unpacks it into the directory scratch if
// it is compressed or an archive with a virtual appliance. Without scratch no copy
// is kept, Path is relative to where it would be, and the disk in an archive is
// not inspected. progress receives the uncompressed bytes.
//
// A compressed image has at most 16 GiB, or 10,000 times the size of its file
// where that is more; a disk has at most 64 TiB. Images that refer to other files
// (backing files, extents) and files that are not regular are refused: the error
// wraps ErrUnusable.
//
// The descriptor of an appliance that has its files beside it (.ovf) stands for
// the disk that it names.
func Open(ctx context.Context, name, scratch string, progress io.Writer) (*Image, error) {
	if strings.EqualFold(filepath.Ext(name), ova.Extension) {
		return openDescriptor(ctx, name, scratch, progress)
	}
	i, f, err := open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := i.load(ctx, f, scratch, progress); err != nil {
		return nil, err
	}
	return i, i.unpack(ctx, scratch)
}

// openDigested inspects an image that is not compressed and that the caller has
// just digested. It takes an open file, which nobody can replace. It refuses what
// Open refuses, but does not unpack an archive.
func openDigested(f *os.File, sums diskimage.Image) (*Image, error) {
	i, err := look(f.Name(), f)
	if err != nil {
		return nil, err
	}
	i.Sums = sums
	return i, i.inspect(f)
}

func open(name string) (*Image, *os.File, error) {
	f, err := files.OpenRegular(name, os.O_RDONLY, true)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: opening %q: %w", ErrUnusable, name, files.WithoutName(err))
	}
	i, err := look(name, f)
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return i, f, nil
}

// look returns the image in an open file, not yet inspected.
func look(name string, f *os.File) (*Image, error) {
	var path string
	var named os.FileInfo
	opened, err := f.Stat()
	if err == nil {
		path, err = filepath.Abs(name)
	}
	if err == nil { // QEMU gets a path without links, which could change later
		path, err = filepath.EvalSymlinks(path)
	}
	if err == nil { // which may lead elsewhere since the file was opened
		named, err = os.Lstat(path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	i := &Image{Path: path, name: name, file: opened, limit: maxUnpacked(opened.Size())}
	return i, i.checkSame(named)
}

// CheckUnchanged returns an error unless the name still leads to the file that was
// digested, and that file is as it was.
func (i *Image) CheckUnchanged() error {
	info, err := os.Stat(i.name)
	if err != nil {
		return fmt.Errorf("looking at the base image again: %w", err)
	}
	return i.checkSame(info)
}

// checkSame returns an error unless info is that of the file that was opened, as
// it was then.
func (i *Image) checkSame(info os.FileInfo) error {
	if !os.SameFile(info, i.file) || info.Size() != i.file.Size() || !info.ModTime().Equal(i.file.ModTime()) {
		return report.BadInputf("the base image %q changed while it was in use", i.name)
	}
	return nil
}
