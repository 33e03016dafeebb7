package build

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/stratuslab/stratus/lib/tool"
	"github.com/stratuslab/stratus/stratus-create-image/internal/machine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/qemuimg"
	"github.com/stratuslab/stratus/stratus-create-image/internal/seed"
)

// prepare takes in the base and makes the machine's disks.
func (r *run) prepare(ctx context.Context) (err error) {
	o := r.options
	if r.base, err = r.obtain(ctx); err != nil {
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
