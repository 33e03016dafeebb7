package build

import (
	"cmp"
	"context"
	"fmt"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// takeBase takes in the base.
func (r *run) takeBase(ctx context.Context) (err error) {
	name := r.Base.Name
	if name.Described() {
		r.log.Infof("finding the base %q", name.Text)
	}
	if r.found, err = r.Base.Find(ctx, r.log); err != nil {
		return err
	}
	if endorsement := r.found.Endorsement(); endorsement != "" {
		r.log.Infof("the base is %s", endorsement)
	}
	if r.base, err = r.found.Take(ctx, r.dir, r.log); err != nil {
		return err
	}
	for _, warning := range r.base.Warnings {
		r.log.Warnf("the appliance %q: %s", name.Text, warning)
	}
	if r.Disk != 0 && r.Disk < r.base.Size {
		return fmt.Errorf("%w, %s", ErrDiskSize, report.FormatBytes(r.base.Size))
	}
	return nil
}

// spec is the machine to start over a base, with its files in dir.
func (r *run) spec(dir string, from engine.Base) *engine.Spec {
	from.Bus = cmp.Or(from.Bus, r.baseText(metadata.DisksBus, ""))
	spec := &engine.Spec{Dir: dir, Base: from, Size: r.Machine, DiskSize: r.Disk, Keep: r.KeepRunning || r.KeepFailed, Log: r.log}
	for _, d := range r.disks {
		spec.Context = append(spec.Context, engine.Disk{Label: d.Label, Write: d.Write})
	}
	return spec
}
