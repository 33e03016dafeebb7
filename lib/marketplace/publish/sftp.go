package publish

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/pkg/sftp"

	"github.com/stratuslab/stratus/lib/marketplace/registry"
)

// distant is a directory of another host. The server must rename as POSIX does,
// for which OpenSSH has an extension.
type distant struct{ *registry.SFTPDir }

// exists adds fs.ErrExist to an error if the file is there. Code 4 of the protocol
// stands for most errors, so that the server has to be asked.
func (r distant) exists(err error, name string) error {
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return r.Failed(err, name)
	}
	if _, lost := r.Client.Lstat(r.Path(name)); lost == nil {
		err = fmt.Errorf("%w: %w", fs.ErrExist, err)
	}
	return r.Failed(err, name)
}

func (r distant) Mkdir(name string) error {
	// The server answers "failure" both if the directory exists and if the disk is
	// full. Another writer may have removed it before Lstat asks for it, so that it
	// takes some tries to tell these apart.
	const tries = 10
	for i := 1; ; i++ {
		err := r.exists(r.Client.Mkdir(r.Path(name)), name)
		var status *sftp.StatusError
		if i == tries || errors.Is(err, fs.ErrExist) || !errors.As(err, &status) {
			return err
		}
	}
}

// MkdirAll begins with the last directory: mostly the one above it exists.
func (r distant) MkdirAll(name string) error {
	err := r.Client.Mkdir(r.Path(name))
	if errors.Is(err, fs.ErrNotExist) {
		if name == "." {
			return r.Failed(r.Client.MkdirAll(r.Path(name)), name)
		}
		if err := r.MkdirAll(path.Dir(name)); err != nil {
			return err
		}
		err = r.Client.Mkdir(r.Path(name))
	}
	if err == nil {
		return nil
	}
	if info, lost := r.Client.Stat(r.Path(name)); lost == nil && info.IsDir() {
		return nil
	}
	return r.Failed(err, name)
}

func (r distant) Create(name string, body []byte, _ bool) error {
	f, err := r.Client.OpenFile(r.Path(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return r.exists(err, name)
	}
	_, err = f.WriteAt(body, 0) // at once, where Write waits for each block
	// The protocol has no other way to put it on the disk later.
	if _, can := r.Client.HasExtension("fsync@openssh.com"); err == nil && can {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return r.Failed(errors.Join(err, r.Client.Remove(r.Path(name))), name)
	}
	return nil
}

func (r distant) Rename(from, to string) error {
	if _, can := r.Client.HasExtension("posix-rename@openssh.com"); !can {
		return r.Failed(fmt.Errorf("%w: the SFTP server does not rename as POSIX does (posix-rename@openssh.com)", errors.ErrUnsupported), to)
	}
	return r.Failed(r.Client.PosixRename(r.Path(from), r.Path(to)), to)
}

// RenameNew is the plain rename of the protocol, which does not replace.
func (r distant) RenameNew(from, to string) error {
	return r.exists(r.Client.Rename(r.Path(from), r.Path(to)), to)
}

func (r distant) Touch(name string, t time.Time) error {
	return r.Failed(r.Client.Chtimes(r.Path(name), t, t), name)
}

func (r distant) Remove(name string) error {
	return r.Failed(r.Client.Remove(r.Path(name)), name)
}

// SyncDir does nothing: the protocol cannot.
func (r distant) SyncDir(string) error { return nil }

// Sync does nothing: Create puts every file on the disk.
func (r distant) Sync() error { return nil }
