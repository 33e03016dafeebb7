// Package ova takes the disk out of a virtual appliance in the Open
// Virtualization Format (DMTF DSP0243), and makes an appliance of a disk. What
// it reads is hostile input. It must not know where appliances come from, nor
// what is done with the disk.
package ova

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/stratuslab/stratus/lib/diskimage"
)

// ErrUnusable is wrapped by the errors that are about the content of an
// appliance.
var ErrUnusable = errors.New("unusable appliance")

// Extension ends the name of a descriptor that has its files beside it.
const Extension = ".ovf"

// Options say how an appliance is opened.
type Options struct {
	Scratch  string    // directory for the disk, where it must be unpacked
	Limit    int64     // how much may be unpacked, in bytes
	Progress io.Writer // receives what is read of the disk's file; never nil
}

// Appliance is a virtual machine with one disk.
type Appliance struct {
	// Disk is the absolute path of the disk image, which names no other files:
	// "disk" in the scratch directory, or the file beside the descriptor.
	Disk string
	// Beside is that file beside the descriptor as it was before it was read:
	// what has the name later need not be it. It is nil for a copy.
	Beside os.FileInfo
	Format diskimage.Format
	Size   int64 // of the disk in the image, in bytes
	// Firmware is "bios" or "uefi", DisksBus "ide", "scsi" or "sata"; they are
	// empty where the descriptor does not say.
	Firmware, DisksBus string
	// Warnings are one line each: what could not be checked, or looks wrong.
	Warnings []string
}

// Open takes in an archive (.ova), or a descriptor (.ovf) that has its files
// beside it. The manifest is held against every file that it lists; there may
// be none. The certificate that signs it is not verified.
//
// Errors that wrap ErrUnusable are about the appliance; others are those of
// the context, of the file's opening, and of the scratch directory.
func Open(ctx context.Context, name string, o Options) (*Appliance, error) {
	a, err := open(ctx, name, o)
	if err != nil {
		return nil, fmt.Errorf("reading the appliance %q: %w", name, err)
	}
	return a, nil
}

func open(ctx context.Context, name string, o Options) (*Appliance, error) {
	// A pipe is refused, not waited for.
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := checkRegular(f); err != nil {
		return nil, err
	}
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
		return unusable("file name %q; allowed: a name without directories and control characters, at most %d bytes", clip(name), maxName)
	}
	return nil
}

// clip shortens what is quoted from an appliance.
func clip(s string) string {
	const limit = 100
	if len(s) > limit {
		return s[:limit] + "..."
	}
	return s
}
