// Package cache is what builds leave on the disk for later ones: images that were
// downloaded, and snapshots of machines. It lists and checks them, and removes those
// that were not used for the longest time. It must not know how an image is
// downloaded, or a machine resumed.
package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// Dirs are the directories of a cache. An empty one does not count, and one that is not
// there is empty.
type Dirs struct{ Images, Snapshots string }

// In returns the directories of the cache in a directory.
func In(dir string) Dirs {
	return Dirs{filepath.Join(dir, "images"), filepath.Join(dir, "warm")}
}

// UserDir returns the directory of the user's cache, which need not exist.
func UserDir() (string, error) {
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "stratuslab"), err
}

// Kind is what an entry is.
type Kind string

// The kinds of entries.
const (
	Image    Kind = "image"
	Part     Kind = "part of an image" // whose download has not ended
	Snapshot Kind = "snapshot"
)

// Entry is an image, with the files that belong to it, or a snapshot.
type Entry struct {
	Kind  Kind
	Name  string
	Path  string    // of the image's file, or of the snapshot's directory
	Used  time.Time // for the last time
	Bytes int64     // on the disk, holes not counted; a file that snapshots share counts for each

	files map[file]int64 // bytes on the disk
}

// file is one file, whatever its names are.
type file struct{ device, number uint64 }

// count adds what a file takes on the disk.
func (e *Entry) count(info fs.FileInfo) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return
	}
	if id := (file{stat.Dev, stat.Ino}); e.files[id] == 0 {
		e.files[id] = stat.Blocks * 512 // whatever the block size of the file system is
		e.Bytes += e.files[id]
	}
}

// List returns the entries, the last used first.
func (d Dirs) List() ([]Entry, error) {
	images, err := listImages(d.Images)
	if err != nil {
		return nil, fmt.Errorf("reading the image cache: %w", err)
	}
	snapshots, err := listSnapshots(d.Snapshots)
	if err != nil {
		return nil, fmt.Errorf("reading the store of snapshots: %w", err)
	}
	all := slices.Concat(images, snapshots)
	slices.SortFunc(all, func(a, b Entry) int { return b.Used.Compare(a.Used) })
	return all, nil
}

// readDir returns what is in a directory, nothing if it is not there.
func readDir(dir string) ([]fs.DirEntry, error) {
	if dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return entries, err
}

// Size returns what the entries take on the disk, in bytes. A file that several have
// counts once.
func Size(entries []Entry) int64 { return newUsage(entries).bytes }

// usage is what entries take on the disk.
type usage struct {
	bytes int64
	users map[file]int
}

func newUsage(entries []Entry) *usage {
	u := &usage{users: make(map[file]int)}
	for _, e := range entries {
		for id, bytes := range e.files {
			if u.users[id]++; u.users[id] == 1 {
				u.bytes += bytes
			}
		}
	}
	return u
}

// drop takes away what only this entry has.
func (u *usage) drop(e Entry) {
	for id, bytes := range e.files {
		if u.users[id]--; u.users[id] == 0 {
			u.bytes -= bytes
		}
	}
}

// maxPartAge is how long a download that broke off is kept.
const maxPartAge = 7 * 24 * time.Hour

// Prune removes the entries that were not used for the longest time, until all take at
// most limit bytes on the disk, and the downloads that broke off long before now. It
// returns what it removed. What is in use stays, and so does everything while another
// process prunes.
func (d Dirs) Prune(limit int64, now time.Time) (removed []Entry, err error) {
	lock, err := d.tryPruneLock()
	if err != nil || lock == nil {
		return nil, err
	}
	defer lock.Close()
	entries, err := d.List()
	if err != nil {
		return nil, err
	}
	used := newUsage(entries)
	for _, e := range slices.Backward(entries) {
		abandoned := e.Kind == Part && now.Sub(e.Used) > maxPartAge
		if used.bytes <= limit && !abandoned {
			continue
		}
		gone, err := e.remove()
		if err != nil {
			return removed, err
		}
		if gone {
			used.drop(e)
			removed = append(removed, e)
		}
	}
	return removed, nil
}

func (e *Entry) remove() (gone bool, err error) {
	if e.Kind == Snapshot {
		return RemoveSnapshot(e.Path)
	}
	return removeImage(e.Path)
}
