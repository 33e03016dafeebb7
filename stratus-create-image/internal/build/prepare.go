package build

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/message"
	"github.com/stratuslab/stratus/stratus-create-image/internal/machine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/qemuimg"
)

// prepare takes in the base and makes the machine's disks, but for the one that
// it writes to.
func (r *run) prepare(ctx context.Context) (err error) {
	o := r.options
	if r.base, err = r.obtain(ctx); err != nil {
		return err
	}
	for _, warning := range r.base.Warnings {
		r.call.Log.Warnf("the appliance %q: %s", o.Base.Text, warning)
	}
	if o.DiskSize != 0 && o.DiskSize < r.base.Size {
		return fault.Usagef("--disk-size %s is less than the base's disk has, %s", message.FormatBytes(o.DiskSize), message.FormatBytes(r.base.Size))
	}
	if err := r.chooseFirmware(ctx, r.base, r.dir); err != nil {
		return err
	}
	config := r.config()
	for i, disk := range r.disks {
		var iso bytes.Buffer
		if err := disk.Write(&iso); err != nil {
			return err
		}
		if err := os.WriteFile(config.Seeds[i], iso.Bytes(), 0o600); err != nil {
			return fmt.Errorf("writing the disk with the context: %w", err)
		}
	}
	return makeSwap(config)
}

// config is the machine as far as it is known.
func (r *run) config() *machine.Config {
	return r.machineConfig(r.dir, r.base.Path, qemuimg.Driver(r.base.Format))
}

// makeOverlay makes the disk that the machine writes to, or makes it anew.
func (r *run) makeOverlay(ctx context.Context) error {
	const sector = 512
	size := max(r.base.Size, r.options.DiskSize)
	if err := qemuimg.CreateOverlay(ctx, r.config().Overlay(), r.base.Path, r.base.Format, (size+sector-1)/sector*sector); err != nil {
		return fmt.Errorf("making the machine's disk: %w", err)
	}
	return nil
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
