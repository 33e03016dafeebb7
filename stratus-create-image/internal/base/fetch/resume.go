package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/stratuslab/stratus/lib/remote"
)

// Limits for continuing a download that breaks off.
const (
	maxResumes = 100     // in all
	maxStalled = 5       // without progress in between
	progress   = 1 << 20 // least number of bytes that counts as progress
)

// resuming reads a stream to its end, and opens it again where it breaks off.
type resuming struct {
	ctx      context.Context
	open     opener
	log      func(format string, args ...any)
	location string
	wait     time.Duration

	current *stream
	offset  int64 // of the next byte
	resumes int
	stalled int   // resumes since there was progress
	from    int64 // offset at which there was progress
}

func (r *resuming) Read(p []byte) (int, error) {
	for {
		n, err := r.current.Read(p)
		r.offset += int64(n)
		switch {
		case n > 0 || err == nil:
			return n, nil // the next Read returns the error
		case err == io.EOF && (r.current.size < 0 || r.offset == r.current.size):
			return 0, io.EOF
		case err == io.EOF:
			err = fmt.Errorf("%w: it ends after %d of %d bytes", remote.ErrUnreachable, r.offset, r.current.size)
		}
		if err := r.resume(err); err != nil {
			return 0, fmt.Errorf("downloading %q: %w", r.location, err)
		}
	}
}

// resume continues after the error that broke the stream off.
func (r *resuming) resume(cause error) error {
	if r.ctx.Err() != nil || !errors.Is(cause, remote.ErrUnreachable) {
		return cause
	}
	if r.offset-r.from >= progress {
		r.stalled, r.from = 0, r.offset
	}
	r.resumes++
	r.stalled++
	if r.resumes > maxResumes || r.stalled > maxStalled {
		return fmt.Errorf("it broke off %d times: %w", r.resumes, cause)
	}
	_ = r.current.Close() // it was only read
	wait := r.wait << (r.stalled - 1)
	r.log("the download of %q broke off after %d bytes (%v); continuing in %s", r.location, r.offset, cause, wait)
	select {
	case <-r.ctx.Done():
		return context.Cause(r.ctx)
	case <-time.After(wait):
	}
	next, err := r.open(r.ctx, r.offset, r.current.version)
	if err != nil {
		return err
	}
	changed := next.version != r.current.version || next.size != r.current.size
	r.current = next
	switch {
	case next.offset == r.offset:
		return nil
	case changed:
		return fmt.Errorf("%w: the file changed during the download", remote.ErrUnreachable)
	}
	// The location can send the file only from its start.
	n, err := io.CopyN(io.Discard, next, r.offset)
	if err != nil {
		return fmt.Errorf("%w: it breaks off again, after %d bytes: %w", remote.ErrUnreachable, n, err)
	}
	return nil
}

func (r *resuming) Close() error { return r.current.Close() }
