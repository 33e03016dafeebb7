package registry

import (
	"errors"
	"io/fs"
	"time"
)

// Files is a directory that holds a registry. Names are slash paths below it.
// Errors wrap fs.ErrNotExist, fs.ErrExist and fs.ErrPermission, and name the
// file. Its methods may be called by several goroutines at once.
type Files interface {
	// ReadFile reads a regular file of at most limit bytes, and refuses
	// anything else, symbolic links included.
	ReadFile(name string, limit int64) ([]byte, error)
	// ReadDir lists a directory, in any order.
	ReadDir(name string) ([]fs.DirEntry, error)
	// Lstat does not follow a symbolic link.
	Lstat(name string) (fs.FileInfo, error)
	// Mkdir makes one directory that must not exist.
	Mkdir(name string) error
	// MkdirAll makes a directory and those above it, up to the root, where they
	// do not exist.
	MkdirAll(name string) error
	// Create writes a new file, which must not exist. A file that cannot be
	// written is removed. It is on the disk afterwards, if lasting is set.
	Create(name string, body []byte, lasting bool) error
	// Link gives a file a second name, which must not exist. Not every file
	// system can.
	Link(from, to string) error
	// Rename moves a file, and replaces one that is there.
	Rename(from, to string) error
	// RenameNew moves a file, and does not replace one that is there.
	RenameNew(from, to string) error
	// Touch changes the time of modification of what exists.
	Touch(name string, t time.Time) error
	// Remove removes a file or an empty directory.
	Remove(name string) error
	// SyncDir puts the names in a directory on the disk, where that is
	// possible.
	SyncDir(name string) error
	// Sync puts on the disk whatever was created without lasting.
	Sync() error
}

// errUnfit is wrapped by the errors about a file that is not a regular one or
// is too long. Nothing that a registry writes is.
var errUnfit = errors.New("unfit file")

const (
	fileMode = 0o644 // a web server reads them
	dirMode  = 0o755
)
