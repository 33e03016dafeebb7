package contextualize

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/stratuslab/stratus/lib/report"
)

// Files returns the files of a scheme, for use with any cloud, and notes as Disks
// does. Where a scheme has several disks, each is a directory that is named by the
// disk's label.
func (c *Context) Files(scheme Scheme) (files []File, notes []string, err error) {
	switch scheme {
	case CloudInitV1:
		files, err = c.cloudInitV1()
		if err != nil {
			return nil, nil, report.BadInputf("making the context %q: %w", scheme, err)
		}
		return files, c.UserData.Warnings, nil
	case CloudInit: // both disks hold the same, and clouds make that of ConfigDrive
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

// Text returns the files as one text: a single file as it is, several files each
// under a line with its name, as head(1) prints them.
func Text(files []File) []byte {
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

// Save writes the files to a directory, which is made if it does not exist. No
// file is replaced, and no link is followed out of the directory. After a failure
// the directory holds what it held before. Only the user may read the files, as
// they may hold secrets.
func Save(dir string, files []File) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("saving the context: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("saving the context: %w", err)
	}
	defer func() { _ = root.Close() }() // nothing is written through it
	s := saver{root: root}
	for _, f := range files {
		if err := s.save(f); err != nil {
			var at *fs.PathError
			if errors.As(err, &at) {
				at.Path = filepath.Join(dir, at.Path)
			}
			return fmt.Errorf("saving the context: %w", errors.Join(err, s.undo()))
		}
	}
	return nil
}

// saver writes files below root and remembers what it made.
type saver struct {
	root *os.Root
	made []string
}

func (s *saver) save(f File) error {
	for i, c := range f.Path {
		if c != '/' {
			continue
		}
		switch err := s.root.Mkdir(f.Path[:i], 0o700); {
		case err == nil:
			s.made = append(s.made, f.Path[:i])
		case !errors.Is(err, fs.ErrExist):
			return err
		}
	}
	file, err := s.root.OpenFile(f.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	s.made = append(s.made, f.Path)
	if _, err := file.Write(f.Content); err != nil {
		_ = file.Close() // the first error counts
		return err
	}
	return file.Close()
}

// undo removes what save made, the last first.
func (s *saver) undo() error {
	var failed []error
	for _, name := range slices.Backward(s.made) {
		failed = append(failed, s.root.Remove(name))
	}
	return errors.Join(failed...)
}
