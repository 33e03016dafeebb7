// Package cache keeps images that were downloaded, so that they need not be
// downloaded again. Several processes may use one cache: each image is locked
// while it is being made or in use. It must not know where images come from,
// nor what is in them: whoever takes one out has to verify it.
package cache

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Cache is a directory with images.
type Cache struct {
	dir   string
	limit int64
}

// The endings of the files that belong to the image NAME, which has none.
const (
	lockEnding     = ".lock"
	partEnding     = ".part"
	unpackedEnding = ".new"
	recordEnding   = ".json"
)

// New is the cache in a directory, which need not be there. All that is in it,
// holes not counted, takes at most limit bytes as soon as nothing of it is in
// use.
func New(dir string, limit int64) *Cache { return &Cache{dir, limit} }

// Path is where the image of that name is, if it is there.
func (c *Cache) Path(name string) string { return filepath.Join(c.dir, name) }

// Record is where it is to be recorded what the image of that name is.
func (c *Cache) Record(name string) string { return c.Path(name) + recordEnding }

// Item is one image, locked: for this process alone as long as it is not
// there, and then, together with others, against removal.
type Item struct {
	cache   *Cache
	name    string
	lock    *os.File
	present bool
}

// Acquire locks the image of that name, which is the name of an algorithm and a
// digest such as "sha256-" and 64 hexadecimal digits, perhaps after "file-". If another process is making it, waiting is called, and the
// image comes when it is done. Close must be called. The error wraps ErrUnsafe
// where the directory, or a file in it, is not the user's alone.
func (c *Cache) Acquire(ctx context.Context, name string, waiting func()) (*Item, error) {
	if m := member.FindStringSubmatch(name); m == nil || m[1] != name {
		return nil, fmt.Errorf("locking the cached image %q: unusable name", name)
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the image cache: %w", err)
	}
	if err := c.checkOwn(); err != nil {
		return nil, err
	}
	for {
		i, err := c.acquire(ctx, name, unix.LOCK_SH, waiting)
		if err != nil || i.present {
			return i, err
		}
		if err := i.lock.Close(); err != nil {
			return nil, fmt.Errorf("unlocking the cached image %q: %w", i.Path(), err)
		}
		i, err = c.acquire(ctx, name, unix.LOCK_EX, waiting)
		if err != nil || !i.present {
			return i, err
		}
		// Somebody else has made it meanwhile.
		if err := i.lock.Close(); err != nil {
			return nil, fmt.Errorf("unlocking the cached image %q: %w", i.Path(), err)
		}
	}
}

func (c *Cache) acquire(ctx context.Context, name string, how int, waiting func()) (*Item, error) {
	i := &Item{cache: c, name: name}
	var err error
	if i.lock, err = lockFile(ctx, i.file(lockEnding), how, waiting); err != nil {
		return nil, fmt.Errorf("locking the cached image %q: %w", i.Path(), err)
	}
	info, err := os.Lstat(i.Path())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = nil
	case err == nil && !info.Mode().IsRegular():
		err = fmt.Errorf("%w: it is no regular file", ErrUnsafe)
	case err == nil:
		i.present = true
		now := time.Now()
		err = os.Chtimes(i.lock.Name(), now, now) // of its last use
	}
	if err != nil {
		_ = i.lock.Close()
		return nil, fmt.Errorf("reading the cached image %q: %w", i.Path(), err)
	}
	return i, nil
}

func (i *Item) file(ending string) string { return i.cache.Path(i.name) + ending }

// Present tells whether the image is there. If not, it is the caller's to make.
func (i *Item) Present() bool { return i.present }

// Open opens the image that is there.
func (i *Item) Open() (*os.File, error) { return i.cache.Open(i.name) }

// Path is where the image is, or will be after Commit.
func (i *Item) Path() string { return i.cache.Path(i.name) }

// Part is for what has been downloaded so far. It stays when the image is not
// finished.
func (i *Item) Part() string { return i.file(partEnding) }

// Unpacked is for an image that is not finished.
func (i *Item) Unpacked() string { return i.file(unpackedEnding) }

// Record is for what is to be known about Part and about the image.
func (i *Item) Record() string { return i.cache.Record(i.name) }

// Lock is the open file that keeps the image from being removed. A process that
// inherits it keeps it so after Close.
func (i *Item) Lock() *os.File { return i.lock }

// Commit makes the finished image of Part or Unpacked: it is there at once and
// whole, and nobody can write to it.
func (i *Item) Commit(ctx context.Context, from string) error {
	if err := i.appear(from); err != nil {
		return fmt.Errorf("keeping the image %q: %w", i.Path(), err)
	}
	for _, leftover := range []string{i.Part(), i.Unpacked()} {
		if err := os.Remove(leftover); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("keeping the image: %w", err)
		}
	}
	// Changing a lock may give it up in between: nobody may remove then.
	trimming, err := lockFile(ctx, i.cache.Path(trimLock), unix.LOCK_EX, nil)
	if err != nil {
		return fmt.Errorf("locking the image cache: %w", err)
	}
	defer trimming.Close()
	if err := flock(i.lock, unix.LOCK_SH); err != nil {
		return fmt.Errorf("locking the cached image %q: %w", i.Path(), err)
	}
	i.present = true
	return nil
}

func (i *Item) appear(from string) error {
	f, err := os.OpenFile(from, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Chmod(0o444); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(from, i.Path()); err != nil {
		return err
	}
	dir, err := os.Open(i.cache.dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// Close gives the lock up, and makes room in the cache.
func (i *Item) Close() error {
	if err := i.lock.Close(); err != nil {
		return fmt.Errorf("unlocking the cached image %q: %w", i.Path(), err)
	}
	return i.cache.trim(time.Now())
}
