package ova

import (
	"context"
	"errors"
	"io"

	"github.com/stratuslab/stratus/lib/files"
)

// reader ends with the context.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.r.Read(p)
}

var errLimit = errors.New("the limit is reached")

// limited is a sparse file of bounded length.
type limited struct {
	w      *files.Sparse
	left   int64
	failed bool // in writing
}

func (l *limited) Write(p []byte) (int, error) {
	if int64(len(p)) > l.left {
		return 0, errLimit
	}
	n, err := l.w.Write(p)
	l.left -= int64(n)
	l.failed = err != nil
	return n, err
}
