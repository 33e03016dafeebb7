package contextualize

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/stratuslab/stratus/stratus-create-image/internal/volume"
)

// Files gives the files of a scheme, for use with any cloud. Where there are
// several disks, each is a directory with the disk's label as its name.
func (c *Context) Files(scheme Scheme) (files []volume.File, notes []string, err error) {
	switch scheme {
	case CloudInitV1:
		files, err = c.cloudInitV1()
		return files, nil, err
	case CloudInit: // both disks say the same, and clouds make ConfigDrive's
		scheme = NoCloud
	}
	disks, notes, err := c.Disks(scheme)
	if err != nil {
		return nil, nil, err
	}
	for _, d := range disks {
		for _, f := range d.Files {
			if len(disks) > 1 {
				f.Path = path.Join(d.Label, f.Path)
			}
			files = append(files, f)
		}
	}
	return files, notes, nil
}

// Text is the files in one text: a single one as it is, several each under a
// line with its name, as head prints them.
func Text(files []volume.File) []byte {
	if len(files) == 1 {
		return files[0].Content
	}
	var b bytes.Buffer
	for i, f := range files {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "==> %s <==\n%s", f.Path, f.Content)
	}
	return b.Bytes()
}

// Save writes the files to a directory, which is made where it is not there.
// No file in it is replaced. They may hold secrets, and are for the user alone.
func Save(dir string, files []volume.File) error {
	for _, f := range files {
		file := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return fmt.Errorf("saving the context: %w", err)
		}
		if err := writeNew(file, f.Content); err != nil {
			return fmt.Errorf("saving the context: %w", err)
		}
	}
	return nil
}

func writeNew(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		_ = f.Close() // the first error counts
		return err
	}
	return f.Close()
}
