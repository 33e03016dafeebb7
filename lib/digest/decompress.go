package digest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/files"
)

// ErrCorrupt is wrapped by the errors about a stream that cannot be unpacked:
// damaged, cut short, followed by something else, larger than is allowed, or in
// need of more memory. An error from the stream's own reader never wraps it.
var ErrCorrupt = errors.New("bad compressed data")

const (
	packedBlock   = 64 << 10  // how much is read at once
	unpackedBlock = 256 << 10 // how much is decompressed at once
)

// Reader reads the decompressed bytes of a stream. It decompresses ahead of
// its user, in a goroutine or a process of its own.
type Reader struct {
	caller context.Context // the one given
	ctx    context.Context // ends with it, or at Close
	stop   context.CancelFunc
	kind   diskimage.Compression
	src    *ahead    // the compressed bytes; nil for None
	out    *ahead    // the decompressed bytes; nil for None
	body   io.Reader // what Read reads
	limit  int64     // of the decompressed bytes
	read   int64     // of those, so far
}

// Unlimited is the limit of a stream that is only digested, and takes no room.
const Unlimited = math.MaxInt64

// Decompress returns a Reader of the decompressed bytes of r, whose compression
// is recognised by its first bytes. A stream that is not compressed passes
// through as it is, unread until asked for; of a compressed one, more than limit
// decompressed bytes are an error that wraps ErrCorrupt.
//
// The context bounds the life of the Reader: once it ends, Read and Close
// return at once even where r is blocked, and one goroutine stays until the
// Read of r returns. Errors of r are returned as they are.
func Decompress(ctx context.Context, r io.Reader, limit int64) (*Reader, error) {
	head, err := peek(ctx, r)
	if err != nil {
		return nil, err
	}
	reader := &Reader{caller: ctx, kind: diskimage.DetectCompression(head), limit: limit}
	ctx, reader.stop = context.WithCancel(ctx)
	reader.ctx = ctx
	body := io.MultiReader(bytes.NewReader(head), r)
	if reader.kind == diskimage.None {
		reader.body = body
		return reader, nil
	}
	reader.src = readAhead(ctx, io.NopCloser(body), packedBlock)
	decoder, err := newDecoder(ctx, reader.kind, reader.src)
	if err != nil {
		reader.stop()
		return nil, err
	}
	reader.out = readAhead(ctx, decoder, unpackedBlock)
	reader.body = reader.out
	return reader, nil
}

// peek reads the bytes that tell the compression.
func peek(ctx context.Context, r io.Reader) ([]byte, error) {
	return files.Await(ctx, func() ([]byte, error) {
		head := make([]byte, diskimage.CompressionHead)
		n, err := fill(ctx, r, head)
		if err == io.EOF {
			err = nil
		}
		return head[:n], err
	})
}

// Compression returns the compression that was recognised.
func (r *Reader) Compression() diskimage.Compression {
	return r.kind
}

// Read reads the next decompressed bytes. It ends with io.EOF only after a
// stream that was complete and, where the format carries checksums, matched
// them.
func (r *Reader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	n, err := r.body.Read(p)
	if r.kind == diskimage.None {
		return n, err
	}
	if r.read += int64(n); r.read > r.limit {
		return 0, fmt.Errorf("%w: decompressed, at most %d bytes", ErrCorrupt, r.limit)
	}
	if err != nil && err != io.EOF {
		err = r.verdict(err)
	}
	return n, err
}

// verdict reports whether an error is the fault of the data.
func (r *Reader) verdict(err error) error {
	var failed *processError
	switch {
	case r.ctx.Err() != nil:
		return context.Cause(r.ctx)
	case r.src.err != nil && r.src.err != io.EOF:
		return r.src.err
	case errors.As(err, &failed) && !failed.refused:
		return fmt.Errorf("decompressing %s data: %w", r.kind, err)
	}
	return fmt.Errorf("decompressing %s data: %w: %w", r.kind, ErrCorrupt, err)
}

// Close stops decompressing and frees what that took. It waits for a Read of
// the stream below that is still going on, unless the context has ended.
func (r *Reader) Close() error {
	r.stop()
	if r.kind == diskimage.None {
		return nil
	}
	<-r.out.done
	select {
	case <-r.src.done:
	case <-r.caller.Done():
	}
	return nil
}
