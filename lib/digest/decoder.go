package digest

import (
	"bufio"
	"compress/bzip2"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/stratuslab/stratus/lib/diskimage"
)

// zstdWindow is the largest window that is accepted: zstd needs that much
// memory, and zstd -19 asks for 8 MiB.
const zstdWindow = 32 << 20

// newDecoder returns the decoder of a compressed stream. It does not read src
// before the first Read.
func newDecoder(ctx context.Context, kind diskimage.Compression, src *ahead) (io.ReadCloser, error) {
	switch kind {
	case diskimage.Gzip:
		return io.NopCloser(&gzipDecoder{src: src}), nil
	case diskimage.Bzip2:
		return io.NopCloser(bzip2.NewReader(bufio.NewReaderSize(src, packedBlock))), nil
	case diskimage.Zstd:
		return newZstdDecoder(src)
	case diskimage.Xz:
		return startXz(ctx, src)
	}
	return nil, fmt.Errorf("no decoder for compression %q", kind)
}

// gzipDecoder puts off reading the header to the first Read.
type gzipDecoder struct {
	src io.Reader
	gz  *gzip.Reader
}

func (d *gzipDecoder) Read(p []byte) (n int, err error) {
	if d.gz == nil {
		d.gz, err = gzip.NewReader(bufio.NewReaderSize(d.src, packedBlock))
		if err == io.EOF { // inside the header
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, err
		}
	}
	return d.gz.Read(p)
}

// zstdLargest is a frame without content that asks for the largest window. Put
// first, it makes the decoder allocate once: frames that each ask for more
// than the one before would leave windows behind for the garbage collector.
// What is never written to takes no memory.
const zstdLargest = "\x28\xb5\x2f\xfd" + // magic number
	"\x00" + "\x78" + // no options; a window of 1 << (10 + 0x78>>3)
	"\x01\x00\x00" // the last block, of no bytes

// zstdDecoder bounds the memory a stream may ask for. It decodes in the
// goroutine that reads: decoding blocks side by side was measured to gain
// nothing and costs 5 MiB.
type zstdDecoder struct {
	*zstd.Decoder
}

func newZstdDecoder(src io.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(io.MultiReader(strings.NewReader(zstdLargest), src),
		zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(zstdWindow))
	if err != nil {
		return nil, fmt.Errorf("setting up zstd: %w", err)
	}
	return zstdDecoder{d}, nil
}

func (d zstdDecoder) Read(p []byte) (int, error) {
	n, err := d.Decoder.Read(p)
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		err = fmt.Errorf("%w: the limit is a window of %d MiB; "+
			"recompress with zstd -19, or pipe in what zstd -dc --long=31 writes", err, zstdWindow>>20)
	}
	return n, err
}

func (d zstdDecoder) Close() error {
	d.Decoder.Close()
	return nil
}
