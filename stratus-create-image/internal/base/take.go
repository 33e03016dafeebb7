package base

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"

	"github.com/stratuslab/stratus/lib/cache"
	"github.com/stratuslab/stratus/lib/digest"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base/fetch"
)

// Take takes in the base: it is read, or downloaded where the cache does not have
// it, digested, and compared with what it must be. What is compressed or in an
// archive is unpacked into the directory dir, which is the caller's alone. The
// image must be closed.
func (f *Found) Take(ctx context.Context, dir string, log report.Log) (*Image, error) {
	if name := f.source.Name; name.Form == File {
		log.Infof("reading the base image %q", name.Text)
		meter := log.Meter("reading", fileSize(name.Text))
		defer func() { _ = meter.Close() }()
		return f.open(ctx, dir, meter)
	}
	store, err := f.cache(dir)
	if err != nil {
		return nil, err
	}
	item, err := store.Acquire(ctx, f.want.Name(), func() { log.Infof("waiting for another process that downloads the base image") })
	if err != nil {
		return nil, err
	}
	image, err := f.takeItem(ctx, item, log)
	if err == nil {
		image.item = item
		err = image.unpack(ctx, dir)
	}
	if err != nil {
		if err := item.Close(); err != nil {
			log.Warnf("%v", err)
		}
		return nil, err
	}
	return image, nil
}

// open opens a base that is a file. A name that is no file may have been meant as
// something else.
func (f *Found) open(ctx context.Context, dir string, progress io.Writer) (*Image, error) {
	image, err := Open(ctx, f.source.Name.Text, dir, progress)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, report.WithHint(err, "%s", Forms)
	case err != nil:
		return nil, err
	}
	return image, f.check(image)
}

// takeItem reads the image that is in the cache, or brings it there.
func (f *Found) takeItem(ctx context.Context, item *fetch.Item, log report.Log) (*Image, error) {
	if item.Present {
		log.Infof("reading the base image %q, which was downloaded before", item.Path)
		file, err := item.Open()
		if err != nil {
			return nil, err
		}
		defer file.Close()
		meter := log.Meter("reading", fileSize(item.Path))
		defer func() { _ = meter.Close() }()
		return f.readCached(ctx, file, item, meter)
	}
	log.Infof("downloading the base image")
	got, err := f.fetcher.Fetch(ctx, f.locations, f.want, item)
	if err != nil {
		return nil, err
	}
	log.Infof("downloaded %q: %s", got.Location, report.FormatBytes(got.Sums.Bytes))
	if err := item.Commit(ctx, got.Path); err != nil {
		return nil, err
	}
	file, err := item.Open()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return f.digested(file, got.Sums, item.FileSHA256(got.Sums.SHA256))
}

// readCached digests an image of the cache and compares it with what it must be:
// the file may have changed, or its description.
func (f *Found) readCached(ctx context.Context, file *os.File, item *fetch.Item, progress io.Writer) (*Image, error) {
	sums, err := digest.Raw(ctx, file, progress)
	if err != nil {
		return nil, fmt.Errorf("reading the cached image %q: %w", file.Name(), err)
	}
	sums.Compression = diskimage.None
	whole := item.FileSHA256(sums.SHA256)
	if err := f.want.Check(sums, whole); err != nil {
		return nil, report.WithHint(report.BadInputf("checking the cached image %q: %w", file.Name(), err),
			"remove the file to download it again, or add --no-cache")
	}
	return f.digested(file, sums, whole)
}

// digested looks at an image of the cache that has just been digested. whole is the
// SHA-256 of the file as it was downloaded, nil where it is not known.
func (f *Found) digested(file *os.File, sums diskimage.Image, whole []byte) (*Image, error) {
	image, err := openDigested(file, sums)
	if err != nil {
		return nil, err
	}
	image.File = whole
	return image, f.check(image)
}

// cache returns the user's cache of images, or one in the work directory.
func (f *Found) cache(workDir string) (*fetch.Cache, error) {
	if f.source.NoCache {
		return fetch.NewCache(cache.In(workDir), math.MaxInt64), nil
	}
	dir, err := cache.UserDir()
	if err != nil {
		return nil, report.WithHint(fmt.Errorf("finding the image cache: %w", err), "add --no-cache to do without")
	}
	return fetch.NewCache(cache.In(dir), f.source.CacheSize), nil
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
