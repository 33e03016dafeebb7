package publish

import (
	"io/fs"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/registry"
)

// files is a directory that a registry is written to. Names are slash paths below
// it. Errors wrap fs.ErrNotExist, fs.ErrExist and fs.ErrPermission where that is so,
// and name the file. Its methods may be called by several goroutines at once.
type files interface {
	registry.Files
	// Mkdir makes one directory that must not exist.
	Mkdir(name string) error
	// MkdirAll makes a directory and those above it where they do not exist.
	MkdirAll(name string) error
	// Create writes a new file, which must not exist. A file that cannot be
	// written is removed. With lasting it is on the disk afterwards.
	Create(name string, body []byte, lasting bool) error
	// Rename moves a file or directory, and replaces a file that is there.
	Rename(from, to string) error
	// RenameNew moves a file, and does not replace one that is there.
	RenameNew(from, to string) error
	// Touch changes the time of modification of a file.
	Touch(name string, t time.Time) error
	// Remove removes a file or an empty directory.
	Remove(name string) error
	// SyncDir puts the names in a directory on the disk, where that is possible.
	SyncDir(name string) error
	// Sync puts on the disk all files that were created without lasting.
	Sync() error
}

const (
	fileMode fs.FileMode = 0o644 // web servers read them
	dirMode  fs.FileMode = 0o755
)
