package publish

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/marketplace/registry"
)

// local is a directory of this host.
type local struct{ *registry.LocalDir }

func (l local) Mkdir(name string) error {
	return l.With(name, func(root *os.Root) error { return root.Mkdir(name, dirMode) })
}

func (l local) MkdirAll(name string) error {
	if err := os.MkdirAll(l.Dir, dirMode); err != nil {
		return err
	}
	return l.With(name, func(root *os.Root) error { return root.MkdirAll(name, dirMode) })
}

func (l local) Create(name string, body []byte, lasting bool) error {
	return l.With(name, func(root *os.Root) error {
		f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
		if err != nil {
			return err
		}
		_, err = f.Write(body)
		if err == nil && lasting {
			err = f.Sync()
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return errors.Join(err, root.Remove(name))
		}
		return nil
	})
}

func (l local) Rename(from, to string) error {
	return l.With(to, func(root *os.Root) error { return root.Rename(from, to) })
}

func (l local) RenameNew(from, to string) error {
	return l.With(to, func(root *os.Root) error {
		err := root.Link(from, to)
		if errors.Is(err, syscall.EPERM) || errors.Is(err, errors.ErrUnsupported) {
			// The file system has no links. The holder of the lock writes alone.
			if _, err := root.Lstat(to); err == nil {
				return fs.ErrExist
			}
			return root.Rename(from, to)
		}
		if err != nil {
			return err
		}
		return root.Remove(from)
	})
}

func (l local) Touch(name string, t time.Time) error {
	return l.With(name, func(root *os.Root) error { return root.Chtimes(name, t, t) })
}

func (l local) Remove(name string) error {
	return l.With(name, func(root *os.Root) error { return root.Remove(name) })
}

func (l local) SyncDir(name string) error { return l.sync(name, (*os.File).Sync) }

func (l local) Sync() error {
	return l.sync(".", func(f *os.File) error { return unix.Syncfs(int(f.Fd())) })
}

func (l local) sync(name string, do func(*os.File) error) error {
	return l.With(name, func(root *os.Root) error {
		f, err := root.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		return do(f)
	})
}
