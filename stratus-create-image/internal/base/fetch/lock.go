package fetch

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/files"
)

// lockFile opens and locks a file, which it creates if there is none. waiting, if
// not nil, is called before it has to wait for the first time.
func lockFile(ctx context.Context, path string, how int, waiting func()) (*os.File, error) {
	for {
		f, err := openLock(path)
		if err != nil {
			return nil, err
		}
		err = files.Flock(f, how|unix.LOCK_NB)
		if errors.Is(err, unix.EWOULDBLOCK) {
			if waiting != nil {
				waiting()
				waiting = nil
			}
			err = waitLock(ctx, f, how)
		} else if err != nil {
			_ = f.Close()
		}
		if err != nil {
			return nil, err
		}
		// With the image, its lock is removed: the lock of a file without a name
		// keeps no other process out.
		if files.Named(f, path) {
			return f, nil
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
}

// openLock opens or creates the file of a lock. It does not follow a link, which
// could create a file elsewhere.
func openLock(path string) (*os.File, error) {
	f, err := files.OpenRegular(path, os.O_RDWR|os.O_CREATE, false)
	if errors.Is(err, files.ErrIrregular) {
		return nil, fmt.Errorf("%w: %w", ErrUnsafe, err)
	}
	return f, err
}

// waitLock waits for the lock until the context ends. After an error, the file is
// closed at once or when the lock is there.
func waitLock(ctx context.Context, f *os.File, how int) error {
	_, err := files.Await(ctx, func() (any, error) {
		err := files.Flock(f, how)
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			_ = f.Close() // an error comes first
		}
		return nil, err
	})
	return err
}
