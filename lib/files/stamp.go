package files

import (
	"fmt"
	"path/filepath"
	"syscall"
)

// Stamp is by what a file is recognized without being read.
type Stamp struct {
	Path          string // without symbolic links
	Size          int64  // bytes
	MTime, CTime  int64  // nanoseconds since 1970
	Device, Inode uint64
}

// StampOf returns the stamp of the file that a path leads to.
func StampOf(path string) (Stamp, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return Stamp{}, err
	}
	var s syscall.Stat_t
	if err := syscall.Stat(path, &s); err != nil {
		return Stamp{}, fmt.Errorf("looking at %q: %w", path, err)
	}
	return Stamp{path, s.Size, s.Mtim.Nano(), s.Ctim.Nano(), s.Dev, s.Ino}, nil
}
