package cache

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/files"
)

// Beginnings of the names of directories that are no snapshots. They go when nobody
// holds their lock.
const (
	LivePrefix  = ".live-" // of a machine that runs
	TrashPrefix = ".trash-"
)

// snapshotName matches the names of snapshots.
var snapshotName = regexp.MustCompile(`^[A-Za-z0-9]{1,200}$`)

// SnapshotName reports whether a name is valid for a snapshot.
func SnapshotName(name string) bool { return snapshotName.MatchString(name) }

// ErrInUse reports that another process holds the lock.
var ErrInUse = errors.New("it is in use")

// LockDir opens and locks a directory: how is unix.LOCK_SH or unix.LOCK_EX. It does not
// wait: the error wraps ErrInUse where another process holds the lock.
func LockDir(path string, how int) (*os.File, error) {
	d, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	err = files.Flock(d, how|unix.LOCK_NB)
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		err = ErrInUse
	case err == nil && !files.Named(d, path):
		err = fs.ErrNotExist // it was removed, and perhaps made again
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking %q: %w", path, err), d.Close())
	}
	return d, nil
}

func listSnapshots(dir string) ([]Entry, error) {
	members, err := readDir(dir)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for _, m := range members {
		if !m.IsDir() || !SnapshotName(m.Name()) {
			continue
		}
		e := Entry{Kind: Snapshot, Name: m.Name(), Path: filepath.Join(dir, m.Name()), files: make(map[file]int64)}
		members, err := readDir(e.Path)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			info, err := m.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue // just removed
			}
			if err != nil {
				return nil, err
			}
			e.count(info)
			if m.Name() == ManifestFile {
				e.Used = info.ModTime()
			}
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// RemoveSnapshot removes a snapshot, unless it is in use. It reports whether it is not
// there any more.
func RemoveSnapshot(path string) (gone bool, err error) {
	lock, err := LockDir(path, unix.LOCK_EX)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true, nil
	case errors.Is(err, ErrInUse):
		return false, nil
	case err != nil:
		return false, err
	}
	defer lock.Close()
	// Under another name first: what is there under its own is whole.
	trash := filepath.Join(filepath.Dir(path), TrashPrefix+rand.Text())
	if err = os.Rename(path, trash); err == nil {
		err = os.RemoveAll(trash)
	}
	if err != nil {
		return false, fmt.Errorf("removing from the store of snapshots: %w", err)
	}
	return true, nil
}

// Sweep removes from a directory of snapshots what processes left that were killed.
func Sweep(dir string) error {
	members, err := readDir(dir)
	if err != nil {
		return fmt.Errorf("reading the store of snapshots: %w", err)
	}
	for _, m := range members {
		if !strings.HasPrefix(m.Name(), LivePrefix) && !strings.HasPrefix(m.Name(), TrashPrefix) {
			continue
		}
		path := filepath.Join(dir, m.Name())
		lock, err := LockDir(path, unix.LOCK_EX)
		if errors.Is(err, ErrInUse) || errors.Is(err, fs.ErrNotExist) {
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
