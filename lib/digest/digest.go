// Package digest reads the bytes of images. It decompresses gzip, bzip2, xz and
// zstd, told apart by their first bytes, and finds out all that can be known of
// an image in one pass. It must not know file names, where an image comes from,
// nor where digests go.
package digest

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"io"

	"github.com/stratuslab/stratus/lib/diskimage"
)

// Stream digests the decompressed bytes of r, whose compression is recognised by
// its content and which are at most limit, as for Decompress. Every sink gets the
// same bytes, in order, from a goroutine of its own.
//
// The error is that of a sink, of the reader, of the context, or wraps
// ErrCorrupt. It comes as soon as every Write that was under way has
// returned. Unlike a Write, a Read of r that blocks is not waited for: after
// an error, one goroutine may stay until that Read returns.
func Stream(ctx context.Context, r io.Reader, limit int64, sinks ...io.Writer) (diskimage.Image, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	plain, err := Decompress(ctx, r, limit)
	if err != nil {
		return diskimage.Image{}, err
	}
	image, err := Raw(ctx, plain, sinks...)
	if err != nil {
		cancel()          // so that Close does not wait for r
		_ = plain.Close() // nothing was written
		return diskimage.Image{}, err
	}
	image.Compression = plain.Compression()
	return image, plain.Close()
}

// Raw is Stream for the bytes as they are, compressed or not.
func Raw(ctx context.Context, r io.Reader, sinks ...io.Writer) (diskimage.Image, error) {
	hashes := []hash.Hash{sha512.New(), md5.New(), sha256.New(), sha1.New()} // the slow ones first
	var sniffer diskimage.Sniffer
	writers := []io.Writer{&sniffer}
	for _, h := range hashes {
		writers = append(writers, h)
	}
	n, err := spread(ctx, r, append(writers, sinks...))
	if err != nil {
		return diskimage.Image{}, err
	}
	return diskimage.Image{
		Bytes:  n,
		MD5:    hashes[1].Sum(nil),
		SHA1:   hashes[3].Sum(nil),
		SHA256: hashes[2].Sum(nil),
		SHA512: hashes[0].Sum(nil),
		Format: sniffer.Format(),
	}, nil
}
