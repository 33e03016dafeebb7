package sign

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/compress"
	"github.com/stratuslab/stratus/lib/digest"
	"github.com/stratuslab/stratus/lib/fault"
)

// checkImage finds out whether the document describes the image: its size and
// every checksum, all of them of the uncompressed bytes.
func checkImage(c *command.Call, path string, d document) error {
	described, err := d.parsed.Image()
	if err != nil {
		return fault.BadInputf("reading %q: %w", d.name, err)
	}
	r, name, err := c.Open(path, "an image")
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	var size int64
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err == nil {
			size = info.Size()
		}
	}
	meter := c.Log.Meter("checking "+name, size)
	got, err := digest.Stream(c.Ctx, io.TeeReader(r, meter))
	_ = meter.Close()
	if errors.Is(err, compress.ErrCorrupt) {
		return fault.BadInputf("reading the image %q: %w", name, err)
	}
	if err != nil {
		return fmt.Errorf("reading the image %q: %w", name, err)
	}
	if err := described.Check(got); err != nil {
		return fault.WithHint(fault.BadInputf("comparing the image %q with %q: %w", name, d.name, err),
			"describe this image anew: stratus-build-metadata --draft DOCUMENT IMAGE")
	}
	return nil
}
