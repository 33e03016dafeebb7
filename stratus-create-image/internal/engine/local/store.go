package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/cache"
	"github.com/stratuslab/stratus/lib/files"
)

// store is the directory of snapshots. A snapshot NAME is the directory NAME, which
// appears whole. Machines that run have a directory each beside them, with the
// disks that they write to: these are in a snapshot by links.
//
// The lock on a directory is held while it is used: that of a machine as long as
// QEMU runs, which inherits it, and that of a snapshot while it is read.
type store struct{ dir string }

// errUnsafe is wrapped by errors about a store that others may read or change.
var errUnsafe = errors.New("unsafe store of snapshots")

// openStore returns the store in a directory, which it makes. Only the user may
// have access to it.
func openStore(dir string) (*store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the store of snapshots: %w", err)
	}
	if err := files.CheckOwn(dir, 0o077); err != nil {
		return nil, fmt.Errorf("%w: %w", errUnsafe, err)
	}
	return &store{dir}, nil
}

func (s *store) path(name string) string { return filepath.Join(s.dir, name) }

// makeLive makes and locks the directory of a machine, and removes what processes left that
// were killed.
func (s *store) makeLive() (*os.File, error) {
	if err := s.sweep(); err != nil {
		return nil, err
	}
	for {
		dir, err := os.MkdirTemp(s.dir, cache.LivePrefix)
		if err != nil {
			return nil, fmt.Errorf("making a directory in the store of snapshots: %w", err)
		}
		lock, err := cache.LockDir(dir, unix.LOCK_EX)
		if errors.Is(err, cache.ErrInUse) || errors.Is(err, fs.ErrNotExist) {
			continue // another process sweeps
		}
		return lock, err
	}
}

// sweep removes the directories that nobody holds any more.
func (s *store) sweep() error { return cache.Sweep(s.dir) }

// remove removes a snapshot, unless it is in use, and reports whether it is not there.
func (s *store) remove(name string) (gone bool, err error) { return cache.RemoveSnapshot(s.path(name)) }

// trim removes the snapshots that were not used for the longest time, until all take
// at most limit bytes on the disk. What several have together counts once.
func (s *store) trim(limit int64) error {
	_, err := cache.Dirs{Snapshots: s.dir}.Prune(limit, time.Now())
	return err
}

// free returns how many bytes there is room for in the store.
func (s *store) free() (int64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(s.dir, &stat); err != nil {
		return 0, fmt.Errorf("asking for the free space at %q: %w", s.dir, err)
	}
	return int64(stat.Bavail) * stat.Bsize, nil //nolint:gosec // no file system is that large
}
