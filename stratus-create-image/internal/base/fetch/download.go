package fetch

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/stratuslab/stratus/lib/cache"
	"github.com/stratuslab/stratus/lib/digest"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/files"
)

// maxUnknown bounds an image whose size is not known beforehand, in bytes.
const maxUnknown = 1 << 40

// download is the download from one location.
type download struct {
	fetcher  *Fetcher
	location string // for messages
	open     opener
	want     Want
	item     *Item

	kept int64 // bytes that were there before
	in   *incoming
	sum  hash.Hash // of the file as it comes
}

// run downloads what is missing and checks the whole image.
func (d *download) run(ctx context.Context) (Image, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	before, version := d.partBefore()
	d.kept = before
	s, err := d.open(ctx, before, version)
	if err != nil {
		return Image{}, err
	}
	d.kept = min(s.offset, before)
	if d.kept > 0 {
		d.fetcher.log.Infof("continuing the download of %q after %d bytes", d.location, d.kept)
	}
	body := &resuming{ctx: ctx, open: d.open, log: d.fetcher.log.Infof, location: d.location, wait: d.fetcher.wait, current: s, offset: s.offset, from: s.offset}
	image, err := d.receive(ctx, body)
	cancel() // ends what still reads
	_ = d.in.stop()
	_ = body.Close() // it was only read
	if err != nil {
		d.clean(err)
		return Image{}, err
	}
	return image, nil
}

// clean removes what is useless after an error: all but the start of the right
// image.
func (d *download) clean(err error) {
	_ = os.Remove(d.item.Unpacked)
	if errors.Is(err, diskimage.ErrMismatch) {
		_ = os.Remove(d.item.Part)
		_ = os.Remove(d.item.Record)
	}
}

// receive reads what was kept and then the body.
func (d *download) receive(ctx context.Context, body *resuming) (Image, error) {
	if err := d.note(cache.Record{Location: d.location, Version: body.current.version}); err != nil {
		return Image{}, err
	}
	size := max(body.current.size, 0)
	meter := d.fetcher.log.Meter("downloading", size)
	defer func() { _ = meter.Close() }()
	var err error
	if d.in, err = newIncoming(d.item.Part, d.kept, body, d.limit(true), meter); err != nil {
		return Image{}, keeping(err)
	}
	d.sum = sha256.New()
	reader := bufio.NewReader(io.TeeReader(d.in, d.sum))
	head, err := reader.Peek(512)
	if err != nil && err != io.EOF {
		return Image{}, err
	}
	kind := diskimage.DetectCompression(head)
	d.in.setLimit(d.limit(kind != diskimage.None))
	if err := d.checkSize(size, kind); err != nil {
		return Image{}, d.mismatch(err, head)
	}
	path, sums, err := d.digest(ctx, reader, kind)
	if errors.Is(err, digest.ErrCorrupt) {
		err = fmt.Errorf("%w: %w", diskimage.ErrMismatch, err)
	}
	if err == nil {
		err = d.want.Check(sums, d.sum.Sum(nil))
	}
	if err != nil {
		return Image{}, d.mismatch(err, head)
	}
	if err := d.in.stop(); err != nil {
		return Image{}, keeping(err)
	}
	done := cache.Record{Location: d.location, Version: body.current.version, File: d.sum.Sum(nil), Image: sums.SHA256}
	return Image{Path: path, Sums: sums, Location: d.location}, d.note(done)
}

// digest digests the image, and writes what it is decompressed to.
func (d *download) digest(ctx context.Context, r io.Reader, kind diskimage.Compression) (string, diskimage.Image, error) {
	if kind == diskimage.None {
		sums, err := digest.Raw(ctx, r)
		return d.item.Part, sums, err
	}
	f, err := createNew(d.item.Unpacked)
	if err != nil {
		return "", diskimage.Image{}, keeping(err)
	}
	defer f.Close()
	w := files.NewSparse(f, 0)
	sums, err := digest.Stream(ctx, r, d.limit(false), local{w})
	if err != nil {
		return "", diskimage.Image{}, err
	}
	sums.Compression = diskimage.None // of what is kept
	return d.item.Unpacked, sums, keeping(w.Finish())
}

// limit returns the most that is read of an image, in bytes. Compression makes
// some images a little longer.
func (d *download) limit(compressed bool) int64 {
	size := d.want.Image.Bytes
	if size == 0 {
		size = maxUnknown
	}
	if compressed {
		size += size>>6 + 1<<20
	}
	return size
}

// checkSize checks the size, where it is known, before more is read.
func (d *download) checkSize(size int64, kind diskimage.Compression) error {
	want := d.want.Image.Bytes
	switch {
	case size == 0 || want == 0:
		return nil
	case kind == diskimage.None && size != want:
		return fmt.Errorf("%w: it has %d bytes, want %d", diskimage.ErrMismatch, size, want)
	case size > d.limit(true):
		return fmt.Errorf("%w: it has %d bytes compressed, want %d uncompressed", diskimage.ErrMismatch, size, want)
	}
	return nil
}

// mismatch adds to an error where the wrong image is, and what it may be instead.
func (d *download) mismatch(err error, head []byte) error {
	if !errors.Is(err, diskimage.ErrMismatch) {
		return err
	}
	start := bytes.ToLower(bytes.TrimSpace(head))
	if bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html")) {
		return fmt.Errorf("downloading %q: %w (it is a web page)", d.location, err)
	}
	return fmt.Errorf("downloading %q: %w", d.location, err)
}

// local writes to this host, and marks its errors so.
type local struct{ io.Writer }

func (l local) Write(p []byte) (int, error) {
	n, err := l.Writer.Write(p)
	return n, keeping(err)
}
