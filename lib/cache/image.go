package cache

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/files"
)

// Endings of the files that belong to the image NAME. The lock is held while the image
// is made or used; its time is that of the last use.
const (
	LockEnding     = ".lock"
	PartEnding     = ".part" // of what has been downloaded so far, as it comes
	UnpackedEnding = ".new"  // of the uncompressed image until it is whole
	RecordEnding   = ".json"
)

// PruneLock is the file in the directory of images that a process locks while it
// prunes.
const PruneLock = "trim.lock"

// imageFile matches the names of the files that belong to an image. No other file is
// ever removed.
var imageFile = regexp.MustCompile(`^((?:file-)?sha[0-9]+-[0-9a-f]+)(\.lock|\.part|\.new|\.json)?$`)

// ImageName reports whether a name is that of an image: an algorithm and a digest such
// as "sha256-" and 64 hexadecimal digits, perhaps after "file-".
func ImageName(name string) bool {
	m := imageFile.FindStringSubmatch(name)
	return m != nil && m[1] == name
}

func listImages(dir string) ([]Entry, error) {
	members, err := readDir(dir)
	if err != nil {
		return nil, err
	}
	found := make(map[string]*Entry)
	for _, m := range members {
		parts := imageFile.FindStringSubmatch(m.Name())
		if parts == nil {
			continue
		}
		info, err := m.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // part of a download that has just ended
		}
		if err != nil {
			return nil, err
		}
		e := found[parts[1]]
		if e == nil {
			e = &Entry{Kind: Part, Name: parts[1], Path: filepath.Join(dir, parts[1]), files: make(map[file]int64)}
			found[e.Name] = e
		}
		if parts[2] == "" {
			e.Kind = Image
		}
		e.count(info)
		if (parts[2] == LockEnding || parts[2] == PartEnding) && info.ModTime().After(e.Used) {
			e.Used = info.ModTime()
		}
	}
	var entries []Entry
	for _, e := range found {
		entries = append(entries, *e)
	}
	return entries, nil
}

// removeImage removes all files of an image, unless it is in use.
func removeImage(path string) (gone bool, err error) {
	lock, err := tryLock(path+LockEnding, unix.LOCK_EX)
	if err != nil || lock == nil {
		return false, err
	}
	defer lock.Close()
	for _, ending := range []string{"", PartEnding, UnpackedEnding, RecordEnding, LockEnding} {
		if err := os.Remove(path + ending); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, fmt.Errorf("removing from the image cache: %w", err)
		}
	}
	return true, nil
}

// tryPruneLock returns nil while another process prunes.
func (d Dirs) tryPruneLock() (*os.File, error) {
	if d.Images != "" {
		lock, err := tryLock(filepath.Join(d.Images, PruneLock), unix.LOCK_EX)
		if !errors.Is(err, fs.ErrNotExist) {
			return lock, err
		}
	}
	return os.Open(os.DevNull) // only snapshots, each of which is locked
}

// tryLock locks a file, which it creates if there is none; how is unix.LOCK_SH or
// unix.LOCK_EX. It returns nil if another process holds the lock.
func tryLock(path string, how int) (*os.File, error) {
	f, err := files.OpenRegular(path, os.O_RDWR|os.O_CREATE, false)
	if err != nil {
		return nil, fmt.Errorf("locking in the image cache: %w", err)
	}
	err = files.Flock(f, how|unix.LOCK_NB)
	if err == nil && files.Named(f, path) {
		return f, nil
	}
	_ = f.Close()
	if err != nil && !errors.Is(err, unix.EWOULDBLOCK) {
		return nil, fmt.Errorf("locking %q: %w", path, err)
	}
	return nil, nil
}

// Record says where a part of an image comes from and, once the download is complete,
// what it is.
type Record struct {
	Location string `json:"location"`
	Version  string `json:"version,omitempty"` // of the file there
	File     []byte `json:"file,omitempty"`    // SHA-256 of the file as it came
	Image    []byte `json:"image,omitempty"`   // SHA-256 of the image in it
}

// maxRecord is the length of the longest record that is read, in bytes.
const maxRecord = 64 << 10

// ReadRecord reads a record. One that cannot be read is empty.
func ReadRecord(path string) (r Record) {
	f, err := files.OpenRegular(path, os.O_RDONLY, false)
	if err != nil {
		return Record{}
	}
	defer f.Close()
	text, err := files.ReadAll(f, maxRecord)
	if err != nil || json.Unmarshal(text, &r) != nil {
		return Record{}
	}
	return r
}
