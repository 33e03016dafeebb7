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

	"golang.org/x/sys/unix"
)

// LocalDir is a directory of this host. Symbolic links do not lead out of it.
type LocalDir struct {
	Dir string // absolute

	mu   sync.Mutex
	root *os.Root // nil until the directory exists
}

// Local returns a directory of this host, which need not exist yet.
func Local(dir string) (*LocalDir, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the registry %q: %w", dir, err)
	}
	info, err := os.Stat(absolute)
	if err == nil && !info.IsDir() {
		return nil, fmt.Errorf("opening the registry %q: it is not a directory", dir)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("opening the registry %q: %w", dir, err)
	}
	return &LocalDir{Dir: absolute}, nil
}

func (l *LocalDir) open() (*os.Root, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.root == nil {
		root, err := os.OpenRoot(l.Dir)
		if err != nil {
			return nil, err
		}
		l.root = root
	}
	return l.root, nil
}

// With calls do with the directory. Its error names the file in full. A part of a
// path that is not a directory counts as one that does not exist, as with OpenSSH.
func (l *LocalDir) With(name string, do func(*os.Root) error) error {
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
		return fmt.Errorf("%q: %w", path.Join(l.Dir, name), err)
	}
	return nil
}

// ReadFile implements Files.
func (l *LocalDir) ReadFile(name string, limit int64) (body []byte, err error) {
	return body, l.With(name, func(root *os.Root) error {
		info, err := root.Lstat(name)
		if err != nil {
			return err
		}
		if err := fit(info, limit); err != nil {
			return err
		}
		// Opening does not wait if the file has become a pipe meanwhile.
		f, err := root.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		body, err = io.ReadAll(io.LimitReader(f, limit+1))
		if err == nil && int64(len(body)) > limit { // it has been replaced meanwhile
			body, err = nil, fmt.Errorf("%w: at most %d bytes", ErrUnfit, limit)
		}
		return err
	})
}

// ReadDir implements Files.
func (l *LocalDir) ReadDir(name string) (entries []fs.DirEntry, err error) {
	return entries, l.With(name, func(root *os.Root) error {
		f, err := root.OpenFile(name, os.O_RDONLY|unix.O_DIRECTORY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		entries, err = f.ReadDir(-1)
		return err
	})
}

// Lstat implements Files.
func (l *LocalDir) Lstat(name string) (info fs.FileInfo, err error) {
	return info, l.With(name, func(root *os.Root) error {
		info, err = root.Lstat(name)
		return err
	})
}
