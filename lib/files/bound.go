package files

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// ErrIrregular is wrapped by errors about a path that does not lead to a regular
// file.
var ErrIrregular = errors.New("not a regular file")

// OpenRegular opens a regular file that another user may have made, with the flags
// of os.OpenFile. It never waits for the writer of a pipe, opens no device, which
// may have an effect, and follows a symbolic link only where follow says so. The
// error is an *fs.PathError.
func OpenRegular(path string, flags int, follow bool) (*os.File, error) {
	stat := os.Stat
	if !follow {
		stat, flags = os.Lstat, flags|unix.O_NOFOLLOW
	}
	irregular := &fs.PathError{Op: "open", Path: path, Err: ErrIrregular}
	if info, err := stat(path); err == nil && info.Mode().Type() == fs.ModeSymlink {
		irregular.Err = fmt.Errorf("%w, but a symbolic link", ErrIrregular)
		return nil, irregular
	} else if err == nil && !info.Mode().IsRegular() {
		return nil, irregular
	}
	f, err := os.OpenFile(path, flags|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = f.Close() // nothing was written
		return nil, errors.Join(irregular, err)
	}
	return f, nil
}

// ErrTooLarge is wrapped by the errors about more bytes than are allowed.
var ErrTooLarge = errors.New("too large")

// ReadAll reads at most limit bytes to the end of r. More bytes are an error that
// wraps ErrTooLarge.
func ReadAll(r io.Reader, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(text)) > limit {
		return nil, fmt.Errorf("%w: at most %d bytes", ErrTooLarge, limit)
	}
	return text, err
}

// Head keeps the first Limit bytes that are written to it and drops the others.
type Head struct {
	Limit int
	data  []byte
}

func (h *Head) Write(p []byte) (int, error) {
	h.data = append(h.data, p[:min(len(p), h.Limit-len(h.data))]...)
	return len(p), nil
}

// Bytes returns what was kept.
func (h *Head) Bytes() []byte { return h.data }

// maxLine bounds a line that FirstLine reads, in bytes.
const maxLine = 4 << 10

// ErrNoLine is returned by FirstLine for an input without a single byte.
var ErrNoLine = errors.New("there is nothing in it, not even an empty line")

// FirstLine reads the first line, of at most 4 KiB, and returns it without its
// end. It may read beyond that line.
func FirstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReaderSize(r, maxLine).ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", fmt.Errorf("its first line is longer than %d bytes", maxLine)
	case errors.Is(err, io.EOF) && len(line) == 0:
		return "", ErrNoLine
	case err != nil && !errors.Is(err, io.EOF):
		return "", err
	}
	return string(bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))), nil
}

// Await lets the end of the context end the wait for something that cannot be
// stopped, such as a read from a terminal; it stays behind in its goroutine.
func Await[T any](ctx context.Context, wait func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := wait()
		done <- outcome{value, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		var zero T
		return zero, context.Cause(ctx)
	}
}
