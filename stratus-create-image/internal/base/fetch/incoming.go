package fetch

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/files"
)

// incoming reads what was kept of a download and then its body. It writes the body
// to the same file, up to a limit.
type incoming struct {
	kept io.Reader
	body io.Reader
	seen io.Writer // counts every byte

	mu     sync.Mutex // held during a Read, for which stop waits
	part   *os.File   // nil once it is stopped
	writer *files.Sparse
	read   int64
	limit  int64
}

func newIncoming(path string, kept int64, body io.Reader, limit int64, seen io.Writer) (*incoming, error) {
	part, err := openPart(path, kept)
	if err != nil {
		return nil, err
	}
	if err := part.Truncate(kept); err != nil {
		return nil, errors.Join(err, part.Close())
	}
	return &incoming{
		kept: io.NewSectionReader(part, 0, kept), body: body, seen: seen,
		part: part, writer: files.NewSparse(part, kept), limit: limit,
	}, nil
}

// openPart opens the file with what was kept, or creates it.
func openPart(path string, kept int64) (*os.File, error) {
	if kept == 0 {
		return createNew(path)
	}
	return files.OpenRegular(path, os.O_RDWR, false)
}

var errStopped = errors.New("the download is stopped")

func (i *incoming) Read(p []byte) (int, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.part == nil {
		return 0, errStopped
	}
	n, err := i.kept.Read(p)
	if err == io.EOF {
		n, err = i.body.Read(p)
		if i.read+int64(n) <= i.limit {
			if _, failed := i.writer.Write(p[:n]); failed != nil {
				return 0, keeping(failed)
			}
		}
	}
	if i.read += int64(n); i.read > i.limit {
		return 0, fmt.Errorf("%w: it has more than %d bytes", diskimage.ErrMismatch, i.limit)
	}
	_, _ = i.seen.Write(p[:n]) // counts
	return n, err
}

func (i *incoming) setLimit(limit int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.limit = limit
}

// stop waits for a Read that has begun and closes the file. It may be called more
// than once, and on nil.
func (i *incoming) stop() error {
	if i == nil {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.part == nil {
		return nil
	}
	err := errors.Join(i.writer.Finish(), i.part.Close())
	i.part = nil
	return err
}
