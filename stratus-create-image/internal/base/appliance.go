package base

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base/ova"
)

// Unpack takes the disk out of an archive with a virtual appliance, into the
// directory scratch, where it replaces the archive if that was decompressed to
// there; of an image of another format it does nothing.
//
// It writes at most 16 GiB, or 10,000 times the size of the original file where
// that is more. A disk has at most 64 TiB, and is in a format of its own, never
// raw. What else is refused, ova.Open says.
func (i *Image) Unpack(ctx context.Context, scratch string) error {
	if i.Format != diskimage.Ova {
		return nil
	}
	if scratch == "" {
		i.Path, i.Unpacked = "disk", true
		return nil
	}
	a, err := openAppliance(ctx, i.Path, ova.Options{Scratch: scratch, Limit: i.limit, Progress: io.Discard})
	if err != nil {
		return err
	}
	if i.Unpacked { // once more, now
		if err := os.Remove(i.Path); err != nil {
			return fmt.Errorf("unpacking %q: %w", i.name, err)
		}
	}
	i.take(a)
	i.Unpacked = true
	return i.checkSize()
}

// openDescriptor takes in the disk that a descriptor names. With an empty
// scratch, what is compressed is unpacked elsewhere, and not kept.
func openDescriptor(ctx context.Context, name, scratch string, progress io.Writer) (*Image, error) {
	place := scratch
	if place == "" {
		var err error
		if place, err = os.MkdirTemp("", "stratus-appliance."); err != nil {
			return nil, fmt.Errorf("reading %q: %w", name, err)
		}
		defer func() { _ = os.RemoveAll(place) }()
	}
	// Of the compressions only gzip is allowed there, in which a byte stands for
	// 1032 at most: any file stays below its limit.
	a, err := openAppliance(ctx, name, ova.Options{Scratch: place, Limit: maxVirtual, Progress: io.Discard})
	if err != nil {
		return nil, err
	}
	i, err := openDisk(ctx, a, progress)
	if err == nil && a.Beside == nil {
		i.Path, i.Unpacked = filepath.Join(scratch, filepath.Base(a.Disk)), true
	}
	return i, err
}

// openDisk looks at the disk of an appliance and digests it. If it lies beside
// the descriptor, another file may have come there since the manifest was held
// against it.
func openDisk(ctx context.Context, a *ova.Appliance, progress io.Writer) (*Image, error) {
	i, f, err := open(a.Disk)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if a.Beside != nil {
		if err := i.checkSame(a.Beside); err != nil {
			return nil, err
		}
	}
	path := i.Path // without links
	i.take(a)
	i.Path = path
	if err := i.inspect(f); err != nil {
		return nil, err
	}
	if err := i.digest(ctx, f, progress); err != nil {
		return nil, err
	}
	i.File = i.Sums.SHA256
	return i, nil
}

func openAppliance(ctx context.Context, name string, o ova.Options) (*ova.Appliance, error) {
	a, err := ova.Open(ctx, name, o)
	if errors.Is(err, ova.ErrUnusable) || errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	return a, err
}

// take makes the appliance's disk that of the image.
func (i *Image) take(a *ova.Appliance) {
	i.Path, i.Format, i.Size, i.DisksBus, i.Warnings = a.Disk, a.Format, a.Size, a.DisksBus, a.Warnings
}
