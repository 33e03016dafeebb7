package cache

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrUnsafe says that somebody else could change what is in the cache.
var ErrUnsafe = errors.New("unsafe image cache")

// checkOwn makes sure that the cache is the user's own: whoever may write to its
// directory, or to the one above, could put other images there between a look at
// them and their use.
func (c *Cache) checkOwn() error {
	for _, dir := range []string{filepath.Dir(c.dir), c.dir} {
		info, err := os.Lstat(dir)
		if err != nil {
			return fmt.Errorf("looking at the image cache: %w", err)
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		switch {
		case !info.IsDir():
			return fmt.Errorf("%w: %q is no directory, or a link to one", ErrUnsafe, dir)
		case !ok || int(stat.Uid) != os.Geteuid():
			return fmt.Errorf("%w: %q belongs to somebody else", ErrUnsafe, dir)
		case info.Mode().Perm()&0o022 != 0:
			return fmt.Errorf("%w: others may write to %q, which has the mode %#o", ErrUnsafe, dir, info.Mode().Perm())
		}
	}
	return nil
}

// Open opens the image of that name. A link is not followed.
func (c *Cache) Open(name string) (*os.File, error) {
	if err := c.checkOwn(); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(c.Path(name), os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, unix.ELOOP) {
		return nil, fmt.Errorf("%w: %q is a symbolic link", ErrUnsafe, c.Path(name))
	}
	if err != nil {
		return nil, fmt.Errorf("reading the cached image: %w", err)
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = f.Close()
		return nil, errors.Join(fmt.Errorf("%w: %q is no regular file", ErrUnsafe, c.Path(name)), err)
	}
	return f, nil
}
