package tool

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// StdinName stands for standard input in messages.
const StdinName = "<stdin>"

// Open opens the named file for reading; "-" is standard input, which must not
// be a terminal. what says what is expected of it, such as "an image". The
// name it returns is the one for messages.
func (c *Call) Open(name, what string) (r io.ReadCloser, display string, err error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, name, BadInputf("opening %s: %w", what, err)
		}
		if info, err := f.Stat(); err == nil && info.IsDir() {
			return nil, name, errors.Join(BadInputf("opening %s: %q is a directory", what, name), f.Close())
		}
		return f, name, nil
	}
	if f, ok := c.In.(*os.File); ok && isTerminal(f) {
		return nil, StdinName, WithHint(Usagef("%s is expected on standard input, which is a terminal", what),
			"name a file, or pipe the data in")
	}
	return interruptible(c.Ctx, c.In), StdinName, nil
}

// Read reads the whole of what Open opens, which must be at most limit bytes
// long.
func (c *Call) Read(name, what string, limit int64) (data []byte, display string, err error) {
	r, display, err := c.Open(name, what)
	if err != nil {
		return nil, display, err
	}
	defer func() { _ = r.Close() }()
	data, err = io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, display, fmt.Errorf("reading %q: %w", display, err)
	}
	if int64(len(data)) > limit {
		return nil, display, BadInputf("reading %q: more than %d bytes, which is too long for %s", display, limit, what)
	}
	return data, display, nil
}

// interruptible lets the end of the context end a read that waits for a pipe,
// perhaps for ever. The read itself stays behind in its goroutine.
func interruptible(ctx context.Context, r io.Reader) io.ReadCloser {
	pr, pw := io.Pipe()
	stop := context.AfterFunc(ctx, func() { pw.CloseWithError(context.Cause(ctx)) })
	go func() {
		defer stop()
		_, err := io.CopyBuffer(pw, struct{ io.Reader }{r}, make([]byte, 256<<10))
		pw.CloseWithError(err)
	}()
	return pr
}

// WriteProduct writes a small product, such as a document, whole or not at
// all: to standard output for "" and "-", else to the named file, which is
// replaced in one step. Through a symbolic link its target is replaced; what
// is no regular file (a pipe, /dev/null) is written to as it is.
func (c *Call) WriteProduct(name string, data []byte) error {
	if name == "" || name == "-" {
		if _, err := c.Out.Write(data); err != nil {
			return fmt.Errorf("writing to standard output: %w", err)
		}
		return nil
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		if err := os.WriteFile(name, data, 0); err != nil {
			return fmt.Errorf("writing %q: %w", name, err)
		}
		return nil
	}
	p, err := CreatePending(name, true)
	if err != nil {
		return err
	}
	defer p.Discard()
	if _, err := p.File.Write(data); err != nil {
		return fmt.Errorf("writing %q: %w", name, err)
	}
	return p.Commit()
}

// Pending is an output file under a temporary name in the directory where it
// is going to appear. It appears, whole and on disk, with Commit, or never.
type Pending struct {
	File    *os.File
	path    string
	replace bool
	done    bool
}

// CreatePending starts an output file. An existing file of that name is an
// error unless replace says that it may be replaced.
func CreatePending(name string, replace bool) (*Pending, error) {
	path, mode, err := pendingTarget(name, replace)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(temporaryName(path), os.O_RDWR|os.O_CREATE|os.O_EXCL, cmp.Or(mode, 0o666))
	if err != nil {
		return nil, fmt.Errorf("creating %q: %w", name, err)
	}
	p := &Pending{File: f, path: path, replace: replace}
	if mode != 0 { // the umask is for new files
		if err := f.Chmod(mode); err != nil {
			p.Discard()
			return nil, fmt.Errorf("creating %q: %w", name, err)
		}
	}
	return p, nil
}

// temporaryName is a hidden name beside path, which fits where path does.
func temporaryName(path string) string {
	suffix := "." + rand.Text()[:8] + ".part"
	base := filepath.Base(path)
	return filepath.Join(filepath.Dir(path), "."+base[:min(len(base), unix.NAME_MAX-1-len(suffix))]+suffix)
}

// pendingTarget resolves the output's name and finds the mode of the file that
// it replaces, 0 where there is none.
func pendingTarget(name string, replace bool) (string, fs.FileMode, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return name, 0, nil
	case err != nil:
		return "", 0, fmt.Errorf("creating %q: %w", name, err)
	case !info.Mode().IsRegular():
		return "", 0, Usagef("writing %q: it exists and is no regular file", name)
	case !replace:
		return "", 0, errExists(name)
	}
	path, err := filepath.EvalSymlinks(name)
	if err != nil {
		return "", 0, fmt.Errorf("creating %q: %w", name, err)
	}
	return path, info.Mode().Perm(), nil
}

func errExists(name string) error {
	return WithHint(Usagef("writing %q: the file exists", name), "give another name, or --force to replace it")
}

// Commit brings the file to the disk and gives it its name.
func (p *Pending) Commit() error {
	if err := p.File.Sync(); err != nil {
		return fmt.Errorf("writing %q to disk: %w", p.path, err)
	}
	flags := uint(unix.RENAME_NOREPLACE)
	if p.replace {
		flags = 0
	}
	if err := rename(p.File.Name(), p.path, flags); err != nil {
		return err
	}
	p.done = true
	if err := p.File.Close(); err != nil {
		return fmt.Errorf("closing %q: %w", p.path, err)
	}
	return syncDirectory(filepath.Dir(p.path))
}

// Discard removes the temporary file; after Commit it does nothing.
func (p *Pending) Discard() {
	if p.done {
		return
	}
	p.done = true
	_ = p.File.Close()
	_ = os.Remove(p.File.Name())
}

// rename gives a file its name in one step. File systems that cannot refuse to
// replace in the same step (some network ones) get the rename without it: the
// name was free when the work began.
func rename(from, to string, flags uint) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, flags)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		err = os.Rename(from, to)
	}
	if errors.Is(err, unix.EEXIST) {
		return errExists(to)
	}
	if err != nil {
		return fmt.Errorf("renaming the finished file to %q: %w", to, err)
	}
	return nil
}

func syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening directory %q: %w", path, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("writing directory %q to disk: %w", path, err)
	}
	return nil
}
