// Package ova extracts the disk of a virtual appliance in the Open Virtualization
// Format (DMTF DSP0243), and makes an appliance of a disk. What it reads is hostile
// input. It must not know where appliances come from, nor what is done with the
// disk.
package ova

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/files"
)

// ErrUnusable is wrapped by the errors about the content of an appliance.
var ErrUnusable = errors.New("unusable appliance")

// Extension is that of a descriptor with its files beside it.
const Extension = ".ovf"

// Options say how an appliance is opened.
type Options struct {
	Scratch  string    // directory for a disk that must be unpacked
	Limit    int64     // of what is unpacked, in bytes
	Progress io.Writer // receives what is read of the disk's file; never nil
}

// Appliance is a virtual machine with one disk.
type Appliance struct {
	// Disk is the absolute path of the disk image, which refers to no other file:
	// "disk" in the scratch directory, or the file beside the descriptor.
	Disk string
	// Beside is the file beside the descriptor as it was before it was read; a file
	// of its name may be another one later. It is nil for a copy.
	Beside   os.FileInfo
	Format   diskimage.Format
	Size     int64    // of the disk in the image, in bytes
	DisksBus string   // "ide", "scsi" or "sata", empty where the descriptor does not say
	Warnings []string // what could not be checked or looks wrong, one line each
}

// Open reads an archive (.ova), or a descriptor (.ovf) with its files beside it.
// Every file that the manifest lists is compared with it; there may be no manifest.
// The certificate that signs it is not verified.
//
// Errors that wrap ErrUnusable are about the appliance. Other errors are those of
// the context, of opening the file, and of the scratch directory.
func Open(ctx context.Context, name string, o Options) (*Appliance, error) {
	a, err := open(ctx, name, o)
	if err != nil {
		return nil, fmt.Errorf("reading the appliance %q: %w", name, err)
	}
	return a, nil
}

func open(ctx context.Context, name string, o Options) (*Appliance, error) {
	f, err := files.OpenRegular(name, os.O_RDONLY, true)
	if errors.Is(err, files.ErrIrregular) {
		return nil, unusable("%w", err)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	i := &intake{ctx: ctx, options: o, sums: map[string]sums{}, appliance: new(Appliance)}
	defer i.close()
	if strings.EqualFold(filepath.Ext(name), Extension) {
		err = i.folder(name, f)
	} else {
		err = i.archive(f)
	}
	if err != nil {
		return nil, err
	}
	if err := i.verify(); err != nil {
		return nil, err
	}
	return i.appliance, i.inspect()
}

func unusable(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrUnusable}, args...)...)
}

// maxName bounds the length of a file name, in bytes.
const maxName = 255

// checkName makes sure that the name of a file of the appliance stays in its
// directory.
func checkName(name string) error {
	switch {
	case name == "" || name == "." || name == ".." || len(name) > maxName || strings.ContainsAny(name, "/\\") ||
		strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return unusable("not a valid file name: %.100q; want at most %d bytes without directories and control characters", name, maxName)
	}
	return nil
}
