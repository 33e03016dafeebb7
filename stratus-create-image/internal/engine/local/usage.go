package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// usage counts what files take on the disk.
type usage struct {
	bytes int64
	seen  map[[2]uint64]bool // by device and number
}

func newUsage() *usage { return &usage{seen: make(map[[2]uint64]bool)} }

// add counts the files in a directory, each once.
func (u *usage) add(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // just removed
	}
	if err != nil {
		return fmt.Errorf("reading the snapshot: %w", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading the snapshot: %w", err)
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if id := [2]uint64{stat.Dev, stat.Ino}; ok && !u.seen[id] {
			u.seen[id] = true
			u.bytes += stat.Blocks * 512 // whatever the block size of the file system is
		}
	}
	return nil
}

// addFile counts an open file.
func (u *usage) addFile(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		u.bytes += stat.Blocks * 512
	}
	return nil
}
