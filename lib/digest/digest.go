// Package digest takes the four checksums of an image and its size in one pass
// over its bytes. It must not know what an image is, nor where checksums go.
package digest

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"io"

	"github.com/stratuslab/stratus/lib/compress"
)

// Sums are the checksums of a stream of bytes.
type Sums struct {
	Bytes  int64         // how many bytes were summed
	MD5    []byte        // 16 bytes
	SHA1   []byte        // 20 bytes
	SHA256 []byte        // 32 bytes
	SHA512 []byte        // 64 bytes
	Kind   compress.Kind // what they were unpacked from; None from Raw
}

// Stream sums the decompressed bytes of r, whose compression is told by its
// content. Every sink gets the same bytes, in order, from a goroutine of its
// own.
//
// The error is that of a sink, of the reader, of the context, or wraps
// compress.ErrCorrupt. It comes as soon as every Write that was under way has
// returned. Unlike a Write, a Read of r that blocks is not waited for: after
// an error, one goroutine may stay until that Read returns.
func Stream(ctx context.Context, r io.Reader, sinks ...io.Writer) (Sums, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	plain, err := compress.NewReader(ctx, r)
	if err != nil {
		return Sums{}, err
	}
	sums, err := Raw(ctx, plain, sinks...)
	if err != nil {
		cancel()          // so that Close does not wait for r
		_ = plain.Close() // nothing was written
		return Sums{}, err
	}
	sums.Kind = plain.Kind()
	return sums, plain.Close()
}

// Raw is Stream for the bytes as they are, compressed or not.
func Raw(ctx context.Context, r io.Reader, sinks ...io.Writer) (Sums, error) {
	hashes := []hash.Hash{sha512.New(), md5.New(), sha256.New(), sha1.New()} // the slow ones first
	var writers []io.Writer
	for _, h := range hashes {
		writers = append(writers, h)
	}
	n, err := spread(ctx, r, append(writers, sinks...))
	if err != nil {
		return Sums{}, err
	}
	return Sums{
		Bytes:  n,
		MD5:    hashes[1].Sum(nil),
		SHA1:   hashes[3].Sum(nil),
		SHA256: hashes[2].Sum(nil),
		SHA512: hashes[0].Sum(nil),
	}, nil
}
