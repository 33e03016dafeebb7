package registry

import (
	"errors"
	"fmt"
	"io/fs"
)

// FileReader reads the files of a registry. Names are slash paths below its root.
// Errors wrap fs.ErrNotExist, fs.ErrPermission or ErrUnfit where that is so, and
// name the file.
type FileReader interface {
	// ReadFile reads a regular file of at most limit bytes, and refuses
	// anything else, symbolic links included.
	ReadFile(name string, limit int64) ([]byte, error)
}

// Files is a directory that holds a registry. Its methods may be called by several
// goroutines at once.
type Files interface {
	FileReader
	// ReadDir lists a directory, in any order.
	ReadDir(name string) ([]fs.DirEntry, error)
	// Lstat does not follow a symbolic link.
	Lstat(name string) (fs.FileInfo, error)
}

// ErrUnfit is wrapped by the errors about a file that is not a regular one or is
// too long. A registry writes no such files.
var ErrUnfit = errors.New("not a valid file of a registry")

// fit returns an error that wraps ErrUnfit unless a file can be read.
func fit(info fs.FileInfo, limit int64) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: %s; want a regular file", ErrUnfit, info.Mode())
	}
	if info.Size() > limit {
		return fmt.Errorf("%w: %d bytes; at most %d", ErrUnfit, info.Size(), limit)
	}
	return nil
}
