package local

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/files"
)

// store is the directory of snapshots. A snapshot NAME is the directory NAME, which
// appears whole. Machines that run have a directory each beside them, with the
// disks that they write to: these are in a snapshot by links.
//
// The lock on a directory is held while it is used: that of a machine as long as
// QEMU runs, which inherits it, and that of a snapshot while it is read.
type store struct{ dir string }

// Beginnings of names that are no snapshots.
const (
	livePrefix  = ".live-"
	trashPrefix = ".trash-"
)

// snapshotName matches the names of snapshots.
var snapshotName = regexp.MustCompile(`^[A-Za-z0-9]{1,200}$`)

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

// errInUse reports that another process holds the lock.
var errInUse = errors.New("it is in use")

// lockDir opens and locks a directory: how is unix.LOCK_SH or unix.LOCK_EX. It does not
// wait: the error wraps errInUse where another process holds the lock.
func lockDir(path string, how int) (*os.File, error) {
	d, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	err = files.Flock(d, how|unix.LOCK_NB)
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		err = errInUse
	case err == nil && !files.Named(d, path):
		err = fs.ErrNotExist // it was removed, and perhaps made again
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking %q: %w", path, err), d.Close())
	}
	return d, nil
}

// makeLive makes and locks the directory of a machine, and removes what processes left that
// were killed.
func (s *store) makeLive() (*os.File, error) {
	if err := s.sweep(); err != nil {
		return nil, err
	}
	for {
		dir, err := os.MkdirTemp(s.dir, livePrefix)
		if err != nil {
			return nil, fmt.Errorf("making a directory in the store of snapshots: %w", err)
		}
		lock, err := lockDir(dir, unix.LOCK_EX)
		if errors.Is(err, errInUse) || errors.Is(err, fs.ErrNotExist) {
			continue // another process sweeps
		}
		return lock, err
	}
}

// sweep removes the directories that nobody holds any more.
func (s *store) sweep() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("reading the store of snapshots: %w", err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), livePrefix) && !strings.HasPrefix(e.Name(), trashPrefix) {
			continue
		}
		path := s.path(e.Name())
		lock, err := lockDir(path, unix.LOCK_EX)
		if errors.Is(err, errInUse) || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := errors.Join(os.RemoveAll(path), lock.Close()); err != nil {
			return fmt.Errorf("removing from the store of snapshots: %w", err)
		}
	}
	return nil
}

// remove removes a snapshot, unless it is in use or not there.
func (s *store) remove(name string) (removed bool, err error) {
	lock, err := lockDir(s.path(name), unix.LOCK_EX)
	if errors.Is(err, errInUse) || errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer lock.Close()
	// Under another name first: what is there under its own is whole.
	trash := s.path(trashPrefix + rand.Text())
	if err = os.Rename(s.path(name), trash); err == nil {
		err = os.RemoveAll(trash)
	}
	if err != nil {
		return false, fmt.Errorf("removing from the store of snapshots: %w", err)
	}
	return true, nil
}

// member is a snapshot of a store.
type member struct {
	name string
	used time.Time
}

// list returns the snapshots, the last used first.
func (s *store) list() ([]member, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("reading the store of snapshots: %w", err)
	}
	var found []member
	for _, e := range entries {
		if !e.IsDir() || !snapshotName.MatchString(e.Name()) {
			continue
		}
		m := member{name: e.Name()}
		if info, err := os.Stat(filepath.Join(s.path(m.name), manifestFile)); err == nil {
			m.used = info.ModTime()
		}
		found = append(found, m)
	}
	slices.SortFunc(found, func(a, b member) int { return b.used.Compare(a.used) })
	return found, nil
}

// trim removes the snapshots that were not used for the longest time, until all take
// at most limit bytes on the disk. What several have together counts once.
func (s *store) trim(limit int64) error {
	members, err := s.list()
	if err != nil {
		return err
	}
	used := newUsage()
	for _, m := range members {
		if err := used.add(s.path(m.name)); err != nil {
			return err
		}
		if used.bytes <= limit {
			continue
		}
		if _, err := s.remove(m.name); err != nil {
			return err
		}
	}
	return nil
}

// free returns how many bytes there is room for in the store.
func (s *store) free() (int64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(s.dir, &stat); err != nil {
		return 0, fmt.Errorf("asking for the free space at %q: %w", s.dir, err)
	}
	return int64(stat.Bavail) * stat.Bsize, nil //nolint:gosec // no file system is that large
}
