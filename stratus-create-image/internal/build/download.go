package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/stratuslab/stratus/lib/digest"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/message"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base/cache"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base/fetch"
)

// locations are where the base is that has to be downloaded.
func (p *plan) locations() []string {
	if p.found != nil {
		return p.found.Locations
	}
	return []string{p.options.Base.Text}
}

// download takes the base out of the cache, and makes sure that it is there.
func (r *run) download(ctx context.Context) (*base.Image, error) {
	store, err := r.cache(r.dir)
	if err != nil {
		return nil, err
	}
	r.item, err = store.Acquire(ctx, r.want.Name(), func() { r.log.Infof("waiting for another process that downloads the base image") })
	if err != nil {
		return nil, failCache(err)
	}
	if r.item.Present() {
		return r.reuse(ctx)
	}
	r.log.Infof("downloading the base image")
	got, err := r.options.Fetcher.Fetch(ctx, r.locations(), r.want, fetch.Files{Part: r.item.Part(), Unpacked: r.item.Unpacked(), Record: r.item.Record()})
	if err != nil {
		return nil, failFetch(err)
	}
	r.log.Infof("downloaded %q: %s", got.Location, message.FormatBytes(got.Sums.Bytes))
	if err := r.item.Commit(ctx, got.Path); err != nil {
		return nil, err
	}
	f, err := r.item.Open()
	if err != nil {
		return nil, failCache(err)
	}
	defer f.Close()
	return r.digested(f, got.Sums, fetch.FileSHA256(r.item.Record(), got.Sums.SHA256))
}

// reuse takes in the image that was downloaded before.
func (r *run) reuse(ctx context.Context) (*base.Image, error) {
	r.log.Infof("reading the base image %q, which was downloaded before", r.item.Path())
	f, err := r.item.Open()
	if err != nil {
		return nil, failCache(err)
	}
	defer f.Close()
	meter := r.log.Meter("reading", fileSize(r.item.Path()))
	defer func() { _ = meter.Close() }()
	return r.readCached(ctx, f, r.item.Record(), meter)
}

// digested takes in an image that has just been digested.
func (p *plan) digested(f *os.File, sums diskimage.Image, file []byte) (*base.Image, error) {
	image, err := base.Digested(f, sums)
	if err != nil {
		return nil, badBase(err)
	}
	image.File = file
	return image, p.checkBase(image)
}

// cache is where downloaded images are kept: the user's cache, or one in the
// work directory that goes with it.
func (p *plan) cache(workDir string) (*cache.Cache, error) {
	if p.options.NoCache {
		return cache.New(filepath.Join(workDir, "images"), math.MaxInt64), nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil, fault.WithHint(fmt.Errorf("finding the image cache: %w", err), "--no-cache does without")
	}
	return cache.New(filepath.Join(dir, "stratuslab", "images"), p.options.CacheSize), nil
}

// readCached digests an image of the cache and compares it with what it must
// be: files change, and what is in a cache may be old.
func (p *plan) readCached(ctx context.Context, f *os.File, record string, meter io.Writer) (*base.Image, error) {
	sums, err := digest.Raw(ctx, f, meter)
	if err != nil {
		return nil, fmt.Errorf("reading the cached image %q: %w", f.Name(), err)
	}
	sums.Compression = diskimage.None
	file := fetch.FileSHA256(record, sums.SHA256)
	if err := p.want.Check(sums, file); err != nil {
		return nil, fault.WithHint(fault.BadInputf("checking the cached image %q: %w", f.Name(), err),
			"remove the file, and it is downloaded again; --no-cache does without")
	}
	return p.digested(f, sums, file)
}

// closeItem lets the cache have the base back. What goes wrong there does not
// spoil what was made.
func (r *run) closeItem() {
	if r.item == nil {
		return
	}
	if err := r.item.Close(); err != nil {
		r.log.Warnf("%v", err)
	}
}

// failCache tells what to do about a cache that is not the user's alone.
func failCache(err error) error {
	if errors.Is(err, cache.ErrUnsafe) {
		return fault.WithHint(err, "make it your own, with chmod go-w, name another directory with XDG_CACHE_HOME, or do without: --no-cache")
	}
	return err
}

// failFetch gives errors of downloads their exit codes. A wrong image at one
// location is worse than another that cannot be reached.
func failFetch(err error) error {
	if errors.Is(err, diskimage.ErrMismatch) {
		return fault.BadInputf("%w", err)
	}
	var file *fetch.FileError
	if (errors.Is(err, fetch.ErrNoLocation) || errors.As(err, &file)) && !fault.Known(err) {
		return fault.BadInputf("%w", err)
	}
	return err
}
