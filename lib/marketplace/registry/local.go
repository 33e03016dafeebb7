package registry

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// local is a directory of this host. Symbolic links do not lead out of it.
type local struct {
	dir string

	mu   sync.Mutex
	root *os.Root // nil until the directory exists
}

// Local is the registry in a directory of this host, which the first
// publication makes if it does not exist.
func Local(dir string) (Files, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("registry %q: %w", dir, err)
	}
	info, err := os.Stat(absolute)
	if err == nil && !info.IsDir() {
		return nil, fmt.Errorf("registry %q is not a directory", dir)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("registry %q: %w", dir, err)
	}
	return &local{dir: absolute}, nil
}

func (l *local) open() (*os.Root, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.root == nil {
		root, err := os.OpenRoot(l.dir)
		if err != nil {
			return nil, err
		}
		l.root = root
	}
	return l.root, nil
}

// with does something in the directory; errors name the file whole. A part of a
// path that is no directory is one that does not exist, as OpenSSH has it.
func (l *local) with(name string, do func(*os.Root) error) error {
	root, err := l.open()
	if err != nil {
		return err
	}
	if err := do(root); err != nil {
		var p *fs.PathError
		var two *os.LinkError
		switch {
		case errors.As(err, &p):
			err = fmt.Errorf("%s: %w", p.Op, p.Err)
		case errors.As(err, &two):
			err = fmt.Errorf("%s: %w", two.Op, two.Err)
		}
		if errors.Is(err, syscall.ENOTDIR) {
			err = fmt.Errorf("%w: %w", fs.ErrNotExist, err)
		}
		return fmt.Errorf("%q: %w", path.Join(l.dir, name), err)
	}
	return nil
}

func (l *local) ReadFile(name string, limit int64) (body []byte, err error) {
	return body, l.with(name, func(root *os.Root) error {
		info, err := root.Lstat(name)
		if err != nil {
			return err
		}
		if err := fit(info, limit); err != nil {
			return err
		}
		// Should it have become a pipe since, opening does not wait.
		f, err := root.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		body, err = readBounded(f, limit)
		return err
	})
}

// fit tells whether a file can be read.
func fit(info fs.FileInfo, limit int64) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: %s, want a regular file", errUnfit, info.Mode())
	}
	if info.Size() > limit {
		return fmt.Errorf("%w: %d bytes, want at most %d", errUnfit, info.Size(), limit)
	}
	return nil
}

// readBounded reads a file that may grow meanwhile.
func readBounded(r io.Reader, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(body)) > limit {
		return nil, fmt.Errorf("%w: want at most %d bytes", errUnfit, limit)
	}
	return body, err
}

func (l *local) ReadDir(name string) (entries []fs.DirEntry, err error) {
	return entries, l.with(name, func(root *os.Root) error {
		f, err := root.OpenFile(name, os.O_RDONLY|unix.O_DIRECTORY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		entries, err = f.ReadDir(-1)
		return err
	})
}

func (l *local) Lstat(name string) (info fs.FileInfo, err error) {
	return info, l.with(name, func(root *os.Root) error {
		info, err = root.Lstat(name)
		return err
	})
}

func (l *local) Mkdir(name string) error {
	return l.with(name, func(root *os.Root) error { return root.Mkdir(name, dirMode) })
}

func (l *local) MkdirAll(name string) error {
	if _, err := l.open(); errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(l.dir, dirMode); err != nil {
			return err
		}
	}
	return l.with(name, func(root *os.Root) error { return root.MkdirAll(name, dirMode) })
}

func (l *local) Create(name string, body []byte, lasting bool) error {
	return l.with(name, func(root *os.Root) error {
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

func (l *local) Link(from, to string) error {
	return l.with(to, func(root *os.Root) error { return root.Link(from, to) })
}

func (l *local) Rename(from, to string) error {
	return l.with(to, func(root *os.Root) error { return root.Rename(from, to) })
}

func (l *local) RenameNew(from, to string) error {
	return l.with(to, func(root *os.Root) error {
		err := root.Link(from, to)
		if errors.Is(err, syscall.EPERM) || errors.Is(err, errors.ErrUnsupported) {
			// The file system has no links; whoever holds the lock writes alone.
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

func (l *local) Touch(name string, t time.Time) error {
	return l.with(name, func(root *os.Root) error { return root.Chtimes(name, t, t) })
}

func (l *local) Remove(name string) error {
	return l.with(name, func(root *os.Root) error { return root.Remove(name) })
}

func (l *local) SyncDir(name string) error {
	return l.with(name, func(root *os.Root) error {
		f, err := root.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		return f.Sync()
	})
}

func (l *local) Sync() error {
	return l.with(".", func(root *os.Root) error {
		f, err := root.Open(".")
		if err != nil {
			return err
		}
		defer f.Close()
		return unix.Syncfs(int(f.Fd()))
	})
}
