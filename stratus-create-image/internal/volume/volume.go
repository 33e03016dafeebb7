// Package volume writes small read-only disks, ISO 9660 images. The same files
// always give the same bytes. It must not know what the files are for.
package volume

import (
	"bytes"
	"fmt"
	"io"

	"github.com/kdomanski/iso9660"
)

// File is one file of a volume.
type File struct {
	Path    string // lower case, with slashes; at most 30 characters an element
	Content []byte
}

// Where the primary volume descriptor has the dates of creation, change,
// expiry and effect (ECMA-119 8.4.26), and how a date says that it is not set.
const (
	descriptor = 16 * 2048
	dates      = descriptor + 813
	dateSize   = 17
	noDate     = "0000000000000000\x00"
)

// Write writes a volume with the given label.
func Write(w io.Writer, label string, files []File) error {
	iso, err := iso9660.NewWriter()
	if err != nil {
		return fmt.Errorf("making the disk %q: %w", label, err)
	}
	defer func() { _ = iso.Cleanup() }() // its own temporary directory
	for _, f := range files {
		if err := iso.AddFile(bytes.NewReader(f.Content), f.Path); err != nil {
			return fmt.Errorf("making the disk %q: adding %q: %w", label, f.Path, err)
		}
	}
	var image bytes.Buffer
	if err := iso.WriteTo(&image, label); err != nil {
		return fmt.Errorf("making the disk %q: %w", label, err)
	}
	// Dates would make every run differ, and disks of one second the same: from
	// them comes the UUID that the guest sees.
	for i := range 4 {
		copy(image.Bytes()[dates+i*dateSize:], noDate)
	}
	if _, err := w.Write(image.Bytes()); err != nil {
		return fmt.Errorf("writing the disk %q: %w", label, err)
	}
	return nil
}
