package base

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/stratus-create-image/internal/ova"
)

// Unpack takes the disk out of an archive with a virtual appliance, into the
// directory scratch; of an image of another format it does nothing.
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

// openDescriptor takes in the disk that a descriptor names.
func openDescriptor(ctx context.Context, name, scratch string, progress io.Writer) (*Image, error) {
	place := scratch
	if place == "" {
		var err error
		if place, err = os.MkdirTemp("", "stratus-appliance."); err != nil {
			return nil, fmt.Errorf("reading %q: %w", name, err)
		}
		defer func() { _ = os.RemoveAll(place) }()
	}
	// Of the compressions only gzip is allowed there, which has a limit by itself.
	a, err := openAppliance(ctx, name, ova.Options{Scratch: place, Limit: maxVirtual, Progress: io.Discard})
	if err != nil {
		return nil, err
	}
	i, f, err := open(a.Disk)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	i.take(a)
	if err := i.digest(ctx, f, progress); err != nil {
		return nil, err
	}
	i.File = i.Sums.SHA256
	if rest, err := filepath.Rel(place, a.Disk); err == nil && filepath.IsLocal(rest) {
		i.Path, i.Unpacked = filepath.Join(scratch, rest), true
	}
	return i, i.checkSize()
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
