package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/stratuslab/stratus/lib/diskimage"
)

// readHead returns the first size bytes of the disk in an image, or all of a smaller
// one. scratch is a directory for a small file, which readHead removes.
func readHead(ctx context.Context, image string, format diskimage.Format, scratch string, size int) (head []byte, err error) {
	f, err := os.CreateTemp(scratch, "head")
	if err != nil {
		return nil, fmt.Errorf("reading the disk in %q: %w", image, err)
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	if err := run(ctx, "dd", "-f", driver(format), "-O", "raw", "bs="+strconv.Itoa(size), "count=1", "if="+image, "of="+f.Name()); err != nil {
		return nil, err
	}
	head, err = io.ReadAll(io.LimitReader(f, int64(size)))
	if err != nil {
		return nil, fmt.Errorf("reading the disk in %q: %w", image, err)
	}
	return head, nil
}
