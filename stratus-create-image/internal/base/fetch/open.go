package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/report"
)

// stream is a file at a location, from one byte on.
type stream struct {
	io.ReadCloser
	offset  int64  // of its first byte
	size    int64  // of the whole file; -1 where it is not known
	version string // differs when the file changes; empty where it is not known
}

// opener opens a location at the offset, or at 0 where that is not possible or the
// file no longer has the given version. An empty version stands for any.
type opener func(ctx context.Context, offset int64, version string) (*stream, error)

func (f *Fetcher) openHTTP(u *url.URL, accept string) opener {
	var open opener
	open = func(ctx context.Context, offset int64, version string) (*stream, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Accept", accept)
		if offset > 0 {
			req.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
			if version != "" {
				req.Header.Set("If-Range", version)
			}
		}
		resp, err := f.http.Do(req)
		if err != nil {
			return nil, err
		}
		s, err := answered(resp, offset)
		if errors.Is(err, errRange) {
			_ = resp.Body.Close()
			return open(ctx, 0, "")
		}
		if err != nil {
			_ = resp.Body.Close()
			return nil, fmt.Errorf("GET %q: %w", u.Redacted(), err)
		}
		return s, nil
	}
	return open
}

// errRange says that the file does not have the range.
var errRange = errors.New("the file is shorter")

// answered returns the stream in a response.
func answered(resp *http.Response, offset int64) (*stream, error) {
	s := &stream{ReadCloser: resp.Body, size: resp.ContentLength, version: resp.Header.Get("ETag")}
	if s.version == "" || strings.HasPrefix(s.version, "W/") { // a weak one does not stand for every byte
		s.version = resp.Header.Get("Last-Modified")
	}
	switch {
	case resp.StatusCode == http.StatusOK:
		return s, nil
	case resp.StatusCode == http.StatusPartialContent && offset > 0:
		var last int64
		if _, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-%d/%d", &s.offset, &last, &s.size); err != nil || s.offset != offset {
			return nil, fmt.Errorf("%w: it sent the range %q instead of one from byte %d", remote.ErrRefused, resp.Header.Get("Content-Range"), offset)
		}
		return s, nil
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && offset > 0:
		if _, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes */%d", &s.size); err != nil || s.size != offset {
			return nil, errRange
		}
		s.offset, s.ReadCloser = offset, ended{resp.Body} // all is there already
		return s, nil
	case resp.StatusCode == http.StatusRequestTimeout, resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode >= 500:
		return nil, fmt.Errorf("%w: %s", remote.ErrUnreachable, resp.Status)
	}
	return nil, fmt.Errorf("%w: %s", remote.ErrRefused, resp.Status)
}

// ended is a body without its content.
type ended struct{ io.Closer }

func (ended) Read([]byte) (int, error) { return 0, io.EOF }

func (f *Fetcher) openSFTP(u *url.URL) opener {
	return func(ctx context.Context, offset int64, version string) (*stream, error) {
		user, host, port, path, err := remote.ParseSFTP(u.String())
		if err != nil {
			return nil, fmt.Errorf("%w: %w", remote.ErrRefused, err)
		}
		session, err := remote.DialSFTP(ctx, user, host, port, f.options)
		if err != nil {
			return nil, err
		}
		s, err := func() (*stream, error) {
			file, err := session.Open(path)
			if err != nil {
				return nil, err
			}
			return openAt(file, &remoteFile{file, session}, offset, version)
		}()
		if err != nil {
			_ = session.Close()
			return nil, fmt.Errorf("opening %q: %w", u.Redacted(), sftpError(err))
		}
		return s, nil
	}
}

// remoteFile is a file with its session.
type remoteFile struct {
	file    io.Reader
	session *remote.SFTP
}

func (r *remoteFile) Read(p []byte) (int, error) {
	n, err := r.file.Read(p)
	if err != nil && err != io.EOF {
		err = sftpError(err)
	}
	return n, err
}

func (r *remoteFile) Close() error { return r.session.Close() }

// sftpError adds its kind to an error: what is not a broken connection is a refusal.
func sftpError(err error) error {
	err = remote.SFTPError(err)
	if errors.Is(err, remote.ErrUnreachable) || errors.Is(err, remote.ErrRefused) {
		return err
	}
	return fmt.Errorf("%w: %w", remote.ErrRefused, err)
}

func openFile(u *url.URL) opener {
	return func(_ context.Context, offset int64, version string) (*stream, error) {
		s, err := openLocal(u, offset, version)
		if err != nil {
			return nil, report.BadInputf("opening %q: %w", u.Redacted(), files.WithoutName(err))
		}
		return s, nil
	}
}

func openLocal(u *url.URL, offset int64, version string) (*stream, error) {
	path, err := remote.FilePath(u)
	if err != nil {
		return nil, err
	}
	f, err := files.OpenRegular(path, os.O_RDONLY, true)
	if err != nil {
		return nil, err
	}
	s, err := openAt(f, f, offset, version)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return s, nil
}

// statSeeker is a file on this or another host.
type statSeeker interface {
	io.Seeker
	Stat() (os.FileInfo, error)
}

// openAt returns the stream of an open file.
func openAt(f statSeeker, r io.ReadCloser, offset int64, version string) (*stream, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, files.ErrIrregular
	}
	s := &stream{ReadCloser: r, size: info.Size()}
	s.version = fmt.Sprintf("%d bytes of %d", info.Size(), info.ModTime().UnixNano())
	if version != "" && version != s.version || offset > s.size {
		offset = 0
	}
	s.offset, err = f.Seek(offset, io.SeekStart)
	return s, err
}
