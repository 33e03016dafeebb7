package fetch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/cache"
	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/report"
)

// Cache is a directory with images that were downloaded. Several processes may use
// it: each image is locked while it is made or in use. Its user verifies what is
// taken out.
type Cache struct {
	dir   string
	all   cache.Dirs
	limit int64
}

// NewCache returns the cache with its images in one of the directories, which need not
// exist. What is in all of them takes at most limit bytes, holes not counted, as soon as
// no image is in use.
func NewCache(all cache.Dirs, limit int64) *Cache { return &Cache{all.Images, all, limit} }

func (c *Cache) path(name string) string { return filepath.Join(c.dir, name) }

// Item is one image of a cache.
type Item struct {
	Path     string // of the image, which appears with Commit
	Part     string // of what has been downloaded so far, as it comes; it stays until Commit
	Unpacked string // of the uncompressed image until Commit
	Record   string // of what is known of Part and of the image
	Present  bool   // the image is there; if not, the holder of the lock makes it
	// Lock is the open file that keeps the image from removal, nil without a lock.
	// A process that inherits it keeps the image after Close.
	Lock *os.File

	cache *Cache
}

// Item returns the image of that name, which is not locked.
func (c *Cache) Item(name string) *Item {
	path := c.path(name)
	return &Item{cache: c, Path: path, Part: path + cache.PartEnding, Unpacked: path + cache.UnpackedEnding, Record: path + cache.RecordEnding}
}

// Acquire returns the image of that name, locked: for this process alone until it
// is present, then together with other processes against removal. The name is an
// algorithm and a digest such as "sha256-" and 64 hexadecimal digits, perhaps after
// "file-". While another process makes the image, Acquire waits, after a call of
// waiting. The item must be closed. The error wraps ErrUnsafe where others may
// change the directory or a file in it.
func (c *Cache) Acquire(ctx context.Context, name string, waiting func()) (*Item, error) {
	if !cache.ImageName(name) {
		return nil, fmt.Errorf("locking the cached image %q: not a valid name", name)
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the image cache: %w", err)
	}
	if err := c.checkOwn(); err != nil {
		return nil, err
	}
	for how := unix.LOCK_SH; ; how ^= unix.LOCK_SH ^ unix.LOCK_EX {
		i, err := c.acquire(ctx, name, how, waiting)
		// A shared lock is for using the image, an exclusive one for making it.
		// Meanwhile another process may have made or removed the image.
		if err != nil || i.Present == (how == unix.LOCK_SH) {
			return i, err
		}
		if err := i.Lock.Close(); err != nil {
			return nil, fmt.Errorf("unlocking the cached image %q: %w", i.Path, err)
		}
	}
}

func (c *Cache) acquire(ctx context.Context, name string, how int, waiting func()) (*Item, error) {
	i := c.Item(name)
	var err error
	if i.Lock, err = lockFile(ctx, i.Path+cache.LockEnding, how, waiting); err != nil {
		return nil, fmt.Errorf("locking the cached image %q: %w", i.Path, err)
	}
	info, err := os.Lstat(i.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = nil
	case err == nil && !info.Mode().IsRegular():
		err = fmt.Errorf("%w: not a regular file", ErrUnsafe)
	case err == nil:
		i.Present = true
		now := time.Now()
		err = os.Chtimes(i.Lock.Name(), now, now) // the time of the last use
	}
	if err != nil {
		_ = i.Lock.Close()
		return nil, fmt.Errorf("reading the cached image %q: %w", i.Path, err)
	}
	return i, nil
}

// Commit makes Part or Unpacked the finished image, which appears whole and is
// read-only.
func (i *Item) Commit(ctx context.Context, from string) error {
	if err := i.appear(from); err != nil {
		return fmt.Errorf("keeping the image %q: %w", i.Path, err)
	}
	for _, leftover := range []string{i.Part, i.Unpacked} {
		if err := os.Remove(leftover); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("keeping the image: %w", err)
		}
	}
	// Changing a lock may release it in between, when nothing must be pruned.
	trimming, err := lockFile(ctx, i.cache.path(cache.PruneLock), unix.LOCK_EX, nil)
	if err != nil {
		return fmt.Errorf("locking the image cache: %w", err)
	}
	defer trimming.Close()
	if err := files.Flock(i.Lock, unix.LOCK_SH); err != nil {
		return fmt.Errorf("locking the cached image %q: %w", i.Path, err)
	}
	i.Present = true
	return nil
}

func (i *Item) appear(from string) error {
	f, err := files.OpenRegular(from, os.O_RDONLY, false)
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
	if err := os.Rename(from, i.Path); err != nil {
		return err
	}
	dir, err := os.Open(i.cache.dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// Close releases the image, and removes from all directories what is beyond the
// limit.
func (i *Item) Close() error {
	if err := i.Lock.Close(); err != nil {
		return fmt.Errorf("unlocking the cached image %q: %w", i.Path, err)
	}
	_, err := i.cache.all.Prune(i.cache.limit, time.Now())
	return err
}

// ErrUnsafe is wrapped by errors about a cache that others may change.
var ErrUnsafe = report.WithHint(errors.New("unsafe image cache"),
	"make it your own with chmod go-w, name another directory with XDG_CACHE_HOME, or add --no-cache to do without")

// checkOwn makes sure that only the user can change the cache: who may write to its
// directory, or to the one above, could replace an image between its check and its
// use.
func (c *Cache) checkOwn() error {
	for _, dir := range []string{filepath.Dir(c.dir), c.dir} {
		if err := files.CheckOwn(dir, 0o022); err != nil {
			return fmt.Errorf("%w: %w", ErrUnsafe, err)
		}
	}
	return nil
}

// Open opens the image. It does not follow a link.
func (i *Item) Open() (*os.File, error) {
	if err := i.cache.checkOwn(); err != nil {
		return nil, err
	}
	f, err := files.OpenRegular(i.Path, os.O_RDONLY, false)
	switch {
	case errors.Is(err, files.ErrIrregular):
		return nil, fmt.Errorf("%w: %w", ErrUnsafe, err)
	case err != nil:
		return nil, fmt.Errorf("reading the cached image: %w", err)
	}
	return f, nil
}
