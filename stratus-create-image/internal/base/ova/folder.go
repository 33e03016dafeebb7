package ova

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/stratuslab/stratus/lib/files"
)

// folder reads a descriptor, the manifest beside it, and the files that the two name.
func (i *intake) folder(name string, f *os.File) error {
	dir, err := filepath.Abs(filepath.Dir(name))
	if err != nil {
		return err
	}
	if err := i.member(filepath.Base(name), f, nil); err != nil {
		return err
	}
	stem := strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
	for _, extension := range []string{".mf", ".cert"} {
		if err := i.companions(dir, stem+extension); err != nil {
			return err
		}
	}
	i.unlisted = !i.listed
	for _, candidate := range i.descriptor.candidates() {
		found, err := i.beside(dir, candidate)
		if err != nil {
			return err
		}
		if found {
			break
		}
	}
	for _, c := range i.manifest {
		if i.sums[c.name] != nil {
			continue
		}
		if _, err := i.beside(dir, c.name); err != nil { // verify reports what is missing
			return err
		}
	}
	return i.complete()
}

// companions reads the files of a name in upper or lower case: a manifest that is
// overlooked would check nothing.
func (i *intake) companions(dir, name string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !strings.EqualFold(entry.Name(), name) {
			continue
		}
		if _, err := i.beside(dir, entry.Name()); err != nil {
			return err
		}
	}
	return nil
}

// beside reads a file of the directory, if it exists. It does not follow a link.
func (i *intake) beside(dir, name string) (found bool, err error) {
	if err := checkName(name); err != nil {
		return false, err
	}
	f, err := files.OpenRegular(filepath.Join(dir, name), os.O_RDONLY, false)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case errors.Is(err, files.ErrIrregular):
		return false, unusable("%q: %w", name, files.WithoutName(err))
	case err != nil:
		return false, err
	}
	defer func() {
		if i.content != f { // inspect reads and close closes it
			_ = f.Close()
		}
	}()
	return true, i.member(name, f, f)
}
