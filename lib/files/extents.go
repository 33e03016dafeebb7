package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"encoding/binary"

	"golang.org/x/sys/unix"
)

// CopyData copies what is in src to dst, an empty file, and leaves holes where src
// has holes or zeros; dst may be nil. Sum, which may be nil, gets the offset, as 8 bytes,
// and the content of each block of 4 KiB that is not zero, whether the others are holes
// or not, in one Write each. The size in bytes of these blocks is returned. The offsets
// of both files do not matter.
func CopyData(ctx context.Context, dst, src *os.File, sum io.Writer) (data int64, err error) {
	info, err := src.Stat()
	if err != nil {
		return 0, err
	}
	c := &copier{dst: dst, sum: sum}
	buffer := make([]byte, 1<<20)
	for at := int64(0); at < info.Size() && err == nil; {
		var end int64
		if at, end, err = nextData(src, at, info.Size()); err != nil || at == end {
			break
		}
		for ; at < end && err == nil; at += int64(len(buffer)) {
			if ctx.Err() != nil {
				return c.data, context.Cause(ctx)
			}
			part := buffer[:min(int64(len(buffer)), end-at)]
			if _, err = io.ReadFull(io.NewSectionReader(src, at, int64(len(part))), part); err == nil {
				err = c.add(part, at)
			}
		}
		at = end
	}
	if err == nil && dst != nil {
		err = dst.Truncate(info.Size())
	}
	if err != nil {
		return c.data, fmt.Errorf("copying %q: %w", src.Name(), err)
	}
	return c.data, nil
}

// nextData returns where the next data begins and ends, in whole blocks; both are
// size if there is none. A file system that does not know has one extent of data.
func nextData(f *os.File, at, size int64) (start, end int64, err error) {
	start, err = f.Seek(at, unix.SEEK_DATA)
	switch {
	case errors.Is(err, unix.ENXIO):
		return size, size, nil
	case errors.Is(err, unix.EINVAL):
		return at, size, nil
	case err != nil:
		return 0, 0, err
	}
	if end, err = f.Seek(start, unix.SEEK_HOLE); err != nil {
		return 0, 0, err
	}
	start -= start % holeSize
	end += (holeSize - end%holeSize) % holeSize
	return max(start, at), min(end, size), nil
}

type copier struct {
	dst  *os.File
	sum  io.Writer
	part []byte // what is written to sum
	data int64
}

// add copies data that begins at a multiple of the block size.
func (c *copier) add(p []byte, offset int64) error {
	for at := 0; at < len(p); at += holeSize {
		block := p[at:min(len(p), at+holeSize)]
		if isZero(block) {
			continue
		}
		c.data += int64(len(block))
		if c.sum != nil {
			c.part = append(binary.BigEndian.AppendUint64(c.part[:0], uint64(offset)+uint64(at)), block...)
			if _, err := c.sum.Write(c.part); err != nil {
				return err
			}
		}
	}
	if c.dst == nil {
		return nil
	}
	_, err := NewSparse(c.dst, offset).Write(p)
	return err
}
