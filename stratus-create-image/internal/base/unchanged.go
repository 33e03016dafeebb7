package base

import (
	"fmt"
	"os"
)

// CheckUnchanged says whether the name is still that of the file that was
// digested, and that as it was.
func (i *Image) CheckUnchanged() error {
	info, err := os.Stat(i.name)
	if err != nil {
		return fmt.Errorf("looking at the base image again: %w", err)
	}
	return i.checkSame(info)
}

// checkSame says whether a file is the one that was opened, as it was then.
func (i *Image) checkSame(info os.FileInfo) error {
	if !os.SameFile(info, i.file) || info.Size() != i.file.Size() || !info.ModTime().Equal(i.file.ModTime()) {
		return fmt.Errorf("the base image %q changed while it was in use", i.name)
	}
	return nil
}
