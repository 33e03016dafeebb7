package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/pkg/sftp"
)

// distant is a directory of another host.
type distant struct {
	client *sftp.Client
	dir    string
}

// SFTP is the registry in a directory of another host, which the first
// publication makes if it does not exist. The server must rename as POSIX does,
// which OpenSSH has an extension for. Who may write into the directory can make
// links in it that lead elsewhere, as far as the account can reach.
func SFTP(c *sftp.Client, dir string) Files { return &distant{c, dir} }

func (r *distant) path(name string) string { return path.Join(r.dir, name) }

// failed names the file in an error. Code 4 stands for most errors and says
// nothing, so that the file system is asked about the one that matters.
func (r *distant) failed(err error, name string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%q: %w", r.path(name), err)
}

// exists adds fs.ErrExist to an error, if the file is there.
func (r *distant) exists(err error, name string) error {
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return r.failed(err, name)
	}
	if _, lost := r.client.Lstat(r.path(name)); lost == nil {
		err = fmt.Errorf("%w: %w", fs.ErrExist, err)
	}
	return r.failed(err, name)
}

func (r *distant) ReadFile(name string, limit int64) ([]byte, error) {
	info, err := r.client.Lstat(r.path(name))
	if err != nil {
		return nil, r.failed(err, name)
	}
	if err := fit(info, limit); err != nil {
		return nil, r.failed(err, name)
	}
	f, err := r.client.Open(r.path(name))
	if err != nil {
		return nil, r.failed(err, name)
	}
	body, err := readBounded(f, limit)
	return body, r.failed(errors.Join(err, f.Close()), name)
}

// listTime bounds the listing of a directory, and so how long one can be.
const listTime = 5 * time.Minute

func (r *distant) ReadDir(name string) ([]fs.DirEntry, error) {
	// The server says when a directory ends; it need not.
	ctx, cancel := context.WithTimeout(context.Background(), listTime)
	defer cancel()
	infos, err := r.client.ReadDirContext(ctx, r.path(name))
	if err != nil {
		return nil, r.failed(err, name)
	}
	entries := make([]fs.DirEntry, len(infos))
	for i, info := range infos {
		entries[i] = fs.FileInfoToDirEntry(info)
	}
	return entries, nil
}

func (r *distant) Lstat(name string) (fs.FileInfo, error) {
	info, err := r.client.Lstat(r.path(name))
	return info, r.failed(err, name)
}

func (r *distant) Mkdir(name string) error {
	// The server says "failure" if the directory exists, and if the disk is
	// full. Another writer may have removed it before one looks, so that it
	// takes some tries to tell these apart.
	const tries = 10
	for i := 1; ; i++ {
		err := r.exists(r.client.Mkdir(r.path(name)), name)
		var status *sftp.StatusError
		if i == tries || errors.Is(err, fs.ErrExist) || !errors.As(err, &status) {
			return err
		}
	}
}

func (r *distant) MkdirAll(name string) error {
	return r.failed(r.client.MkdirAll(r.path(name)), name)
}

func (r *distant) Create(name string, body []byte, _ bool) error {
	f, err := r.client.OpenFile(r.path(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return r.exists(err, name)
	}
	_, err = f.Write(body)
	// There is no other way to put it on the disk later.
	if _, can := r.client.HasExtension("fsync@openssh.com"); err == nil && can {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return r.failed(errors.Join(err, r.client.Remove(r.path(name))), name)
	}
	return nil
}

func (r *distant) Link(from, to string) error {
	if _, can := r.client.HasExtension("hardlink@openssh.com"); !can {
		return r.failed(errors.ErrUnsupported, to)
	}
	return r.exists(r.client.Link(r.path(from), r.path(to)), to)
}

func (r *distant) Rename(from, to string) error {
	if _, can := r.client.HasExtension("posix-rename@openssh.com"); !can {
		return r.failed(fmt.Errorf("%w: the SFTP server does not rename as POSIX does (posix-rename@openssh.com)", errors.ErrUnsupported), to)
	}
	return r.failed(r.client.PosixRename(r.path(from), r.path(to)), to)
}

// RenameNew is the plain rename of the protocol, which does not replace.
func (r *distant) RenameNew(from, to string) error {
	return r.exists(r.client.Rename(r.path(from), r.path(to)), to)
}

func (r *distant) Touch(name string, t time.Time) error {
	return r.failed(r.client.Chtimes(r.path(name), t, t), name)
}

func (r *distant) Remove(name string) error {
	return r.failed(r.client.Remove(r.path(name)), name)
}

// SyncDir does nothing: the protocol cannot.
func (r *distant) SyncDir(string) error { return nil }

// Sync does nothing: every file is put on the disk as it is written.
func (r *distant) Sync() error { return nil }
