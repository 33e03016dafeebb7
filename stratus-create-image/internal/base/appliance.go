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

// unpack extracts the disk of an archive with a virtual appliance to the directory
// scratch, where it replaces an archive that was decompressed to there. It does
// nothing for an image of another format. Its limits are those of Open; ova.Open
// says what it refuses.
func (i *Image) unpack(ctx context.Context, scratch string) error {
	if i.Format != diskimage.Ova {
		return nil
	}
	if scratch == "" {
		i.Path, i.copied = "disk", true
		return nil
	}
	a, err := openAppliance(ctx, i.Path, ova.Options{Scratch: scratch, Limit: i.limit, Progress: io.Discard})
	if err != nil {
		return err
	}
	if i.copied {
		if err := os.Remove(i.Path); err != nil {
			return fmt.Errorf("unpacking %q: %w", i.name, err)
		}
	}
	i.take(a)
	i.copied = true
	return i.checkSize()
}

// openDescriptor opens the disk that a descriptor names. Without scratch, a
// compressed disk is unpacked elsewhere and not kept.
func openDescriptor(ctx context.Context, name, scratch string, progress io.Writer) (*Image, error) {
	place := scratch
	if place == "" {
		var err error
		if place, err = os.MkdirTemp("", "stratus-appliance."); err != nil {
			return nil, fmt.Errorf("reading %q: %w", name, err)
		}
		defer func() { _ = os.RemoveAll(place) }()
	}
	// Only gzip is allowed there, in which a byte stands for at most 1032: the
	// disk stays below the limit of its file.
	a, err := openAppliance(ctx, name, ova.Options{Scratch: place, Limit: maxDisk, Progress: io.Discard})
	if err != nil {
		return nil, err
	}
	i, err := openDisk(ctx, a, progress)
	if err == nil && a.Beside == nil {
		i.Path, i.copied = filepath.Join(scratch, filepath.Base(a.Disk)), true
	}
	return i, err
}

// openDisk inspects and digests the disk of an appliance. A disk beside the
// descriptor must still be the file that was compared with the manifest.
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

// take makes the appliance's disk the disk of the image.
func (i *Image) take(a *ova.Appliance) {
	i.Path, i.Format, i.Size, i.DisksBus, i.Warnings = a.Disk, a.Format, a.Size, a.DisksBus, a.Warnings
}
