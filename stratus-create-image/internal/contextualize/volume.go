package contextualize

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kdomanski/iso9660"
)

// File is one file of a disk.
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

// writeVolume writes a small read-only disk, an ISO 9660 image, with the label.
// The same files always give the same bytes.
func writeVolume(w io.Writer, label string, files []File) error {
	iso, err := iso9660.NewWriter()
	if err != nil {
		return fmt.Errorf("making the disk %q: %w", label, err)
	}
	defer func() { _ = iso.Cleanup() }() // its own temporary directory
	for _, f := range files {
		// The library copies contents to its temporary directory, where they stay
		// if the process is killed. The content may be secret: the library only
		// makes room for it, and fill puts it into the image.
		room := bytes.NewReader(make([]byte, len(f.Content)))
		if err := iso.AddFile(room, f.Path); err != nil {
			return fmt.Errorf("making the disk %q: adding %q: %w", label, f.Path, err)
		}
	}
	var image bytes.Buffer
	if err := iso.WriteTo(&image, label); err != nil {
		return fmt.Errorf("making the disk %q: %w", label, err)
	}
	if err := fill(image.Bytes(), files); err != nil {
		return fmt.Errorf("making the disk %q: %w", label, err)
	}
	// With dates, every run would differ, and the disks of one second would have
	// the same UUID in the guest, which is made of the dates.
	for i := range 4 {
		copy(image.Bytes()[dates+i*dateSize:], noDate)
	}
	if _, err := w.Write(image.Bytes()); err != nil {
		return fmt.Errorf("writing the disk %q: %w", label, err)
	}
	return nil
}

// fill writes the files' contents into an image that has room for them.
func fill(image []byte, files []File) error {
	volume, err := iso9660.OpenImage(bytes.NewReader(image))
	if err != nil {
		return err
	}
	root, err := volume.RootDir()
	if err != nil {
		return err
	}
	for _, f := range files {
		found, err := findFile(root, f.Path)
		if err != nil {
			return fmt.Errorf("adding %q: %w", f.Path, err)
		}
		room, ok := found.Reader().(*io.SectionReader)
		if !ok || room.Size() != int64(len(f.Content)) {
			return fmt.Errorf("adding %q: there is no room for its %d bytes", f.Path, len(f.Content))
		}
		_, offset, _ := room.Outer()
		copy(image[offset:], f.Content)
	}
	return nil
}

// findFile finds a file by its path.
func findFile(dir *iso9660.File, path string) (*iso9660.File, error) {
	name, rest, deeper := strings.Cut(path, "/")
	children, err := dir.GetChildren()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(children, func(f *iso9660.File) bool { return f.Name() == name })
	switch {
	case i < 0:
		return nil, fmt.Errorf("%q is not a valid file name on such a disk", name)
	case deeper:
		return findFile(children[i], rest)
	}
	return children[i], nil
}
