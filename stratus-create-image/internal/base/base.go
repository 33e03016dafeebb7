// Package base takes in a base image: hostile input until its header has been
// looked at. It must not know what is done with the image, and never writes to
// it.
package base

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/compress"
	"github.com/stratuslab/stratus/lib/digest"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base/ova"
)

// ErrUnusable says that the file is no disk image to start from.
var ErrUnusable = errors.New("unusable base image")

// maxVirtual bounds the size of the disk in a base image, in bytes.
const maxVirtual = 64 << 40

// Image is a base image that names no other files.
type Image struct {
	Path     string // absolute; where it was compressed or in an archive, a copy
	Unpacked bool   // Path is such a copy
	Format   diskimage.Format
	Size     int64           // of the disk in it, in bytes
	Sums     diskimage.Image // of the image, uncompressed; of an archive, not of the disk in it
	File     []byte          // SHA-256 of the file as it is, perhaps compressed
	DisksBus string          // ide, scsi or sata; empty where no appliance says so
	Warnings []string        // about an appliance, one line each

	name  string      // the original
	file  os.FileInfo // of the original, when it was open
	limit int64       // how large it may become when it is unpacked, in bytes
}

// Open looks at the image, digests it, and unpacks it into the directory
// scratch if it is compressed or an archive with a virtual appliance; with an
// empty scratch nothing is kept, the path is where the copy would be below it,
// and of an archive only that it is one is found out. progress receives the
// uncompressed bytes.
//
// What is compressed has at most 16 GiB when it is decompressed, or 10,000 times
// its size where that is more; the disk in it has at most 64 TiB. Images that
// name other files (backing files, extents) are refused, and so is what is no
// regular file.
//
// The descriptor of an appliance that has its files beside it (.ovf) stands
// for the disk that it names.
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
	return i, i.Unpack(ctx, scratch)
}

// Digested looks at an image that is not compressed and that the caller has
// just digested: an open file, so that it is that very one. It refuses what Open
// does. Of an archive it does not yet look at the disk: see Unpack.
func Digested(f *os.File, sums diskimage.Image) (*Image, error) {
	i, err := look(f.Name(), f)
	if err != nil {
		return nil, err
	}
	i.Sums = sums
	return i, i.inspect(f)
}

func open(name string) (*Image, *os.File, error) {
	// To open a pipe would wait for its writer.
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		var named *fs.PathError
		if errors.As(err, &named) {
			err = named.Err
		}
		return nil, nil, fmt.Errorf("%w: opening %q: %w", ErrUnusable, name, err)
	}
	i, err := look(name, f)
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return i, f, nil
}

func look(name string, f *os.File) (*Image, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %q is no regular file", ErrUnusable, name)
	}
	i := &Image{name: name, file: info, limit: limit(info.Size())}
	if i.Path, err = filepath.Abs(name); err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	// A link that changes later must not lead QEMU elsewhere.
	if i.Path, err = filepath.EvalSymlinks(i.Path); err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	// The name may have come to lead elsewhere since the file was opened.
	if info, err = os.Lstat(i.Path); err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	return i, i.checkSame(info)
}

func (i *Image) load(ctx context.Context, f *os.File, scratch string, progress io.Writer) error {
	head, err := i.head(f)
	if err != nil {
		return err
	}
	if diskimage.DetectCompression(head) == diskimage.None {
		if err := i.inspect(f); err != nil {
			return err
		}
		err := i.digest(ctx, f, progress)
		i.File = i.Sums.SHA256
		return err
	}
	i.Path, i.Unpacked = filepath.Join(scratch, "base"), true
	if scratch == "" {
		sniffer := new(diskimage.Sniffer)
		err := i.digestPacked(ctx, f, progress, sniffer)
		i.Format = sniffer.Format()
		return err
	}
	copied, err := os.OpenFile(i.Path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("decompressing %q: %w", i.name, err)
	}
	defer copied.Close()
	w := files.NewSparse(copied, 0)
	if err := i.digestPacked(ctx, f, progress, w); err != nil {
		return err
	}
	if err := w.Finish(); err != nil {
		return fmt.Errorf("decompressing %q: %w", i.name, err)
	}
	return i.inspect(copied)
}

// digestPacked digests the file itself, too.
func (i *Image) digestPacked(ctx context.Context, f *os.File, sinks ...io.Writer) error {
	whole := sha256.New()
	err := i.digest(ctx, io.TeeReader(f, whole), append([]io.Writer{&bound{i.limit}}, sinks...)...)
	if errors.Is(err, errTooLarge) {
		return fmt.Errorf("%w: %q, which has %d bytes, has more than %d when it is decompressed", ErrUnusable, i.name, i.file.Size(), i.limit)
	}
	if err != nil {
		return err
	}
	i.File = whole.Sum(nil)
	return nil
}

func (i *Image) digest(ctx context.Context, f io.Reader, sinks ...io.Writer) error {
	var err error
	i.Sums, err = digest.Stream(ctx, f, sinks...)
	if errors.Is(err, compress.ErrCorrupt) {
		return fmt.Errorf("%w: reading %q: %w", ErrUnusable, i.name, err)
	}
	if err != nil {
		return fmt.Errorf("reading %q: %w", i.name, err)
	}
	return nil
}

// inspect decides from the header alone what the image is and whether it can
// be given to QEMU.
func (i *Image) inspect(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("reading %q: %w", i.name, err)
	}
	if i.Format, err = diskimage.DetectFile(f, info.Size()); err != nil {
		return fmt.Errorf("reading %q: %w", i.name, err)
	}
	switch i.Format {
	case diskimage.Ova:
		return nil
	case diskimage.Raw:
		if err := i.checkPlain(f); err != nil {
			return err
		}
	}
	if err := diskimage.CheckSelfContained(f, info.Size(), i.Format); err != nil {
		return fmt.Errorf("%w: %q: %w", ErrUnusable, i.name, err)
	}
	if i.Size, err = diskimage.VirtualSize(f, info.Size(), i.Format); err != nil {
		return fmt.Errorf("%w: %q: %w", ErrUnusable, i.name, err)
	}
	return i.checkSize()
}

// checkPlain refuses what is still compressed, and would only be found to start
// nothing.
func (i *Image) checkPlain(f *os.File) error {
	head, err := i.head(f)
	if err == nil && diskimage.DetectCompression(head) != diskimage.None {
		err = fmt.Errorf("%w: %q: compressed more than once", ErrUnusable, i.name)
	}
	return err
}

// head reads what tells how a file is compressed.
func (i *Image) head(f *os.File) ([]byte, error) {
	head := make([]byte, 512)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading %q: %w", i.name, err)
	}
	return head[:n], nil
}

func (i *Image) checkSize() error {
	if i.Size <= 0 || i.Size > maxVirtual {
		return fmt.Errorf("%w: %q: a disk of %d bytes, 1 to %d are allowed", ErrUnusable, i.name, i.Size, int64(maxVirtual))
	}
	return nil
}
