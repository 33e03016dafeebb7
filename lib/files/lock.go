package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Flock applies a lock of flock(2), such as unix.LOCK_EX|unix.LOCK_NB, to an open file
// or directory. A lock lasts until the last process that has inherited the file closes
// it.
func Flock(f *os.File, how int) error {
	for {
		if err := unix.Flock(int(f.Fd()), how); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// Named reports whether the path leads to the open file. If it does not any more, a
// lock on the file keeps no other process out.
func Named(f *os.File, path string) bool {
	open, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(open, there)
}

// CheckOwn reports a path that is not a directory of the user's, or one on which others
// have any of the permissions.
func CheckOwn(dir string, permissions fs.FileMode) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return fmt.Errorf("%q is not a directory, or is a link to one", dir)
	case !ok || int(stat.Uid) != os.Geteuid():
		return fmt.Errorf("%q belongs to another user", dir)
	case info.Mode().Perm()&permissions != 0 && permissions&0o444 == 0:
		return fmt.Errorf("others may write to %q, which has the mode %#o", dir, info.Mode().Perm())
	case info.Mode().Perm()&permissions != 0:
		return fmt.Errorf("others have access to %q, which has the mode %#o", dir, info.Mode().Perm())
	}
	return nil
}
