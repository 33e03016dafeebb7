package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/stratuslab/stratus/lib/tool"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base"
	"github.com/stratuslab/stratus/stratus-create-image/internal/machine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/qemuimg"
	"github.com/stratuslab/stratus/stratus-create-image/internal/seed"
)

// prepare takes in the base and makes the machine's disks.
func (r *run) prepare(ctx context.Context) (err error) {
	o := r.options
	r.say("reading the base image %q", o.Base)
	meter := r.call.NewMeter("reading", fileSize(o.Base))
	r.base, err = base.Open(ctx, o.Base, r.dir, meter)
	meter.Close()
	if err != nil {
		return badBase(err)
	}
	if err := r.checkBase(); err != nil {
		return err
	}
	size := max(r.base.Size, o.DiskSize)
	if o.DiskSize != 0 && o.DiskSize < r.base.Size {
		return tool.Usagef("--disk-size %s is less than the base's disk has, %s", tool.FormatBytes(o.DiskSize), tool.FormatBytes(r.base.Size))
	}
	config := r.machineConfig(r.dir, r.base.Path, qemuimg.Driver(r.base.Format))
	const sector = 512
	if err := qemuimg.CreateOverlay(ctx, config.Overlay(), r.base.Path, r.base.Format, (size+sector-1)/sector*sector); err != nil {
		return fmt.Errorf("making the machine's disk: %w", err)
	}
	if r.seed, err = seed.New(o.SSHUser); err != nil {
		return err
	}
	r.seed.UserData, r.seed.OtherKeys = r.userData, r.keys
	var iso bytes.Buffer
	if err := r.seed.WriteISO(&iso); err != nil {
		return err
	}
	if err := os.WriteFile(config.Seed(), iso.Bytes(), 0o600); err != nil {
		return fmt.Errorf("writing the seed disk: %w", err)
	}
	return makeSwap(config)
}

// makeSwap makes the scratch disk: all hole.
func makeSwap(config *machine.Config) error {
	if config.Swap == 0 {
		return nil
	}
	if err := os.WriteFile(config.SwapFile(), nil, 0o600); err != nil {
		return fmt.Errorf("making the swap disk: %w", err)
	}
	if err := os.Truncate(config.SwapFile(), int64(config.Swap)<<20); err != nil {
		return fmt.Errorf("making the swap disk: %w", err)
	}
	return nil
}

// checkBase compares the base with its description, where one is given.
func (r *run) checkBase() error {
	if r.baseDoc == nil {
		return nil
	}
	says, err := r.baseDoc.Image()
	if err != nil {
		return tool.BadInputf("reading the base's description %q: %w", r.options.BaseMetadata, err)
	}
	s := r.base.Sums
	if says.Bytes != s.Bytes {
		return tool.BadInputf("checking the base image %q: it has %d bytes, its description says %d", r.options.Base, s.Bytes, says.Bytes)
	}
	for _, c := range []struct {
		name      string
		got, want []byte
	}{{"MD5", s.MD5, says.MD5}, {"SHA-1", s.SHA1, says.SHA1}, {"SHA-256", s.SHA256, says.SHA256}, {"SHA-512", s.SHA512, says.SHA512}} {
		if c.want != nil && !bytes.Equal(c.got, c.want) {
			return tool.BadInputf("checking the base image %q: its %s is %x, its description says %x", r.options.Base, c.name, c.got, c.want)
		}
	}
	return nil
}

// badBase gives errors about the base their exit code.
func badBase(err error) error {
	if errors.Is(err, base.ErrUnusable) {
		return tool.BadInputf("%w", err)
	}
	return err
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
