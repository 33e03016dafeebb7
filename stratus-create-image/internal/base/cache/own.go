package cache

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/files"
)

// ErrUnsafe is wrapped by errors about a cache that others may change.
var ErrUnsafe = fault.WithHint(errors.New("unsafe image cache"),
	"make it your own with chmod go-w, name another directory with XDG_CACHE_HOME, or add --no-cache to do without")

// checkOwn makes sure that only the user can change the cache: who may write to its
// directory, or to the one above, could replace an image between its check and its
// use.
func (c *Cache) checkOwn() error {
	for _, dir := range []string{filepath.Dir(c.dir), c.dir} {
		info, err := os.Lstat(dir)
		if err != nil {
			return fmt.Errorf("looking at the image cache: %w", err)
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		switch {
		case !info.IsDir():
			return fmt.Errorf("%w: %q is not a directory, or is a link to one", ErrUnsafe, dir)
		case !ok || int(stat.Uid) != os.Geteuid():
			return fmt.Errorf("%w: %q belongs to another user", ErrUnsafe, dir)
		case info.Mode().Perm()&0o022 != 0:
			return fmt.Errorf("%w: others may write to %q, which has the mode %#o", ErrUnsafe, dir, info.Mode().Perm())
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
