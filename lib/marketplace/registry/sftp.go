package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"time"

	"github.com/pkg/sftp"
)

// SFTPDir is a directory of another host. Links in it may lead elsewhere, as far as
// the account can reach.
type SFTPDir struct {
	Client *sftp.Client
	dir    string
}

// SFTP returns a directory of another host, which need not exist yet.
func SFTP(c *sftp.Client, dir string) *SFTPDir { return &SFTPDir{c, dir} }

// Path returns the path of a file on the other host.
func (r *SFTPDir) Path(name string) string { return path.Join(r.dir, name) }

// Failed adds the path of the file to an error. It returns nil for nil.
func (r *SFTPDir) Failed(err error, name string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%q: %w", r.Path(name), err)
}

// ReadFile implements Files.
func (r *SFTPDir) ReadFile(name string, limit int64) ([]byte, error) {
	info, err := r.Client.Lstat(r.Path(name))
	if err == nil {
		err = fit(info, limit)
	}
	if err != nil {
		return nil, r.Failed(err, name)
	}
	f, err := r.Client.Open(r.Path(name))
	if err != nil {
		return nil, r.Failed(err, name)
	}
	body, err := readAtOnce(f, info.Size(), limit)
	go func() { _ = f.Close() }() // of a file that was only read
	return body, r.Failed(err, name)
}

// readAtOnce reads a file of about so many bytes with requests that do not wait for
// each other, as a reader's do.
func readAtOnce(f io.ReaderAt, size, limit int64) ([]byte, error) {
	for ; size <= limit; size = 2*size + 1 { // it has been replaced since by a longer one
		more := make(chan int, 1)
		go func() {
			n, _ := f.ReadAt(make([]byte, 1), size)
			more <- n
		}()
		body := make([]byte, size)
		n, err := f.ReadAt(body, 0)
		if beyond := <-more; err != nil && !errors.Is(err, io.EOF) || beyond == 0 {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return body[:n], err
		}
	}
	return nil, fmt.Errorf("%w: at most %d bytes", ErrUnfit, limit)
}

// listTime bounds the listing of a directory, whose end the server decides.
const listTime = 5 * time.Minute

// ReadDir implements Files.
func (r *SFTPDir) ReadDir(name string) ([]fs.DirEntry, error) {
	ctx, cancel := context.WithTimeout(context.Background(), listTime)
	defer cancel()
	infos, err := r.Client.ReadDirContext(ctx, r.Path(name))
	if err != nil {
		return nil, r.Failed(err, name)
	}
	entries := make([]fs.DirEntry, len(infos))
	for i, info := range infos {
		entries[i] = fs.FileInfoToDirEntry(info)
	}
	return entries, nil
}

// Lstat implements Files.
func (r *SFTPDir) Lstat(name string) (fs.FileInfo, error) {
	info, err := r.Client.Lstat(r.Path(name))
	return info, r.Failed(err, name)
}
