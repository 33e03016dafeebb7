// Package files makes output files that appear whole or not at all, opens input
// files without waiting for ever, copies files with holes, and locks files. It must
// not know what is in them, nor the standard streams.
package files

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/report"
)

// TryOutput makes sure, before long work, that WriteProduct can make the named
// file.
func TryOutput(name string) error {
	if info, err := os.Stat(name); name == "" || name == "-" || err == nil && !info.Mode().IsRegular() {
		return nil // a stream, a pipe or a device, which trying would disturb
	}
	p, err := CreatePending(name, true)
	if err == nil {
		p.Discard()
	}
	return err
}

// Pending is an output file under a temporary name in the directory where it
// is going to appear. It appears, whole and on disk, with Commit, or never.
type Pending struct {
	File    *os.File
	path    string
	replace bool
	done    bool

	appeared bool
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
		return nil, fmt.Errorf("creating %q: %w", name, WithoutName(err))
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

// WithoutName takes the name of a file out of an error whose text is about to
// name it, or about a temporary one that nobody knows.
func WithoutName(err error) error {
	var named *fs.PathError
	if errors.As(err, &named) {
		return named.Err
	}
	return err
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
		return "", 0, report.Usagef("writing %q: it exists and is no regular file", name)
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
	return report.WithHint(report.Usagef("writing %q: the file exists", name), "give another name, or --force to replace it")
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
	p.done, p.appeared = true, true
	if err := p.File.Close(); err != nil {
		return fmt.Errorf("closing %q: %w", p.path, err)
	}
	return syncDirectory(filepath.Dir(p.path))
}

// Appeared reports whether the file has its name: Commit may fail after that.
func (p *Pending) Appeared() bool { return p.appeared }

// Discard removes the temporary file; after Commit it does nothing.
func (p *Pending) Discard() {
	if p.done {
		return
	}
	p.done = true
	_ = p.File.Close()
	_ = os.Remove(p.File.Name())
}

// rename moves a file to its name in one step. File systems that cannot refuse to
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
	if errors.Is(err, fs.ErrPermission) {
		return nil // may be written but not read, and so not be brought to the disk
	}
	if err != nil {
		return fmt.Errorf("opening directory %q: %w", path, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("writing directory %q to disk: %w", path, err)
	}
	return nil
}
