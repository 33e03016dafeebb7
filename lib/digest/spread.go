package digest

import (
	"context"
	"io"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// The ring of chunks is small enough to stay in the caches, and large enough
// that a hash seldom waits for another. Other sizes between 1 and 8 MiB were
// measured to differ by less than the noise.
const (
	chunkSize = 64 << 10
	ringSize  = 32
)

// chunk is a piece of the stream, which its users share and only read.
type chunk struct {
	buf   []byte
	data  []byte // the part of buf that was filled
	err   error  // what ended the stream after data
	users atomic.Int32
}

// spread copies r to all writers at once, each in its own goroutine, while it
// reads on. It returns the number of bytes that went to all of them.
func spread(ctx context.Context, r io.Reader, writers []io.Writer) (int64, error) {
	group, ctx := errgroup.WithContext(ctx)
	free := make(chan *chunk, ringSize)
	for range ringSize {
		free <- &chunk{buf: make([]byte, chunkSize)}
	}
	var queues []chan *chunk
	for _, w := range writers {
		queue := make(chan *chunk, ringSize)
		queues = append(queues, queue)
		group.Go(func() error { return drain(ctx, w, queue, free) })
	}
	filled := make(chan *chunk, ringSize)
	go read(ctx, r, free, filled) // outside of the group: it may be blocked

	n, err := deal(ctx, filled, queues)
	for _, queue := range queues {
		close(queue)
	}
	if writeErr := group.Wait(); writeErr != nil {
		return n, writeErr
	}
	return n, err
}

// read fills chunks until the stream or the context ends.
func read(ctx context.Context, r io.Reader, free <-chan *chunk, filled chan<- *chunk) {
	for {
		select {
		case c := <-free:
			n, err := fill(ctx, r, c.buf)
			c.data, c.err = c.buf[:n], err
			filled <- c // there is room for every chunk
			if err != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// deal puts every chunk into all queues, and counts the bytes.
func deal(ctx context.Context, filled <-chan *chunk, queues []chan *chunk) (n int64, err error) {
	for {
		select {
		case c := <-filled:
			err := c.err // once it is dealt, the chunk is not ours
			if len(c.data) > 0 {
				n += int64(len(c.data))
				c.users.Store(int32(len(queues)))
				for _, queue := range queues {
					queue <- c // there is room for every chunk
				}
			}
			if err == io.EOF {
				return n, nil
			}
			if err != nil {
				return n, err
			}
		case <-ctx.Done():
			return n, context.Cause(ctx)
		}
	}
}

// drain writes the chunks of a queue to w, and frees those that nobody else
// has still to write.
func drain(ctx context.Context, w io.Writer, queue <-chan *chunk, free chan<- *chunk) error {
	for c := range queue {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := w.Write(c.data)
		if err == nil && n < len(c.data) {
			err = io.ErrShortWrite
		}
		if err != nil {
			return err
		}
		if c.users.Add(-1) == 0 {
			free <- c
		}
	}
	return nil
}
