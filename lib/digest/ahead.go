package digest

import (
	"context"
	"io"
)

// aheadBlocks is how many blocks a read-ahead keeps: one being handed out, one
// being filled, and two of slack to even out their speeds.
const aheadBlocks = 4

// ahead reads a stream in a goroutine of its own, a few blocks before they are
// asked for. Its Read gives up when the context ends, also where the stream
// below is blocked.
type ahead struct {
	ctx  context.Context
	stop context.CancelFunc
	full chan block
	free chan []byte
	done chan struct{} // closed when the stream is no longer touched

	block []byte // the buffer being handed out
	rest  []byte // what of it is still unread
	err   error  // what ended the stream, once it was handed out
}

type block struct {
	data []byte
	err  error
}

// readAhead starts to read r in blocks of size bytes, and closes it at its end.
func readAhead(ctx context.Context, r io.ReadCloser, size int) *ahead {
	ctx, stop := context.WithCancel(ctx)
	a := &ahead{
		ctx:  ctx,
		stop: stop,
		full: make(chan block, aheadBlocks),
		free: make(chan []byte, aheadBlocks),
		done: make(chan struct{}),
	}
	for range aheadBlocks {
		a.free <- make([]byte, size)
	}
	go a.run(r)
	return a
}

func (a *ahead) run(r io.ReadCloser) {
	defer close(a.done)
	defer func() { _ = r.Close() }() // everything that matters was read before
	for {
		select {
		case buf := <-a.free:
			n, err := fill(a.ctx, r, buf)
			a.full <- block{buf[:n], err} // there is room for every buffer
			if err != nil {
				return
			}
		case <-a.ctx.Done():
			return
		}
	}
}

// fill reads until buf is full or the stream ends.
func fill(ctx context.Context, r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		if err = ctx.Err(); err != nil {
			return n, err
		}
		var k int
		k, err = r.Read(buf[n:])
		n += k
	}
	return n, err
}

// Read hands out what was read ahead; an error comes after all bytes before it.
func (a *ahead) Read(p []byte) (int, error) {
	for len(a.rest) == 0 {
		if a.err != nil {
			return 0, a.err
		}
		if a.block != nil {
			a.free <- a.block[:cap(a.block)]
			a.block = nil
		}
		select {
		case b := <-a.full:
			a.block, a.rest, a.err = b.data, b.data, b.err
		case <-a.ctx.Done():
			return 0, context.Cause(a.ctx)
		}
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}
