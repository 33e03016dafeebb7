package build

import (
	"context"

	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/message"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// prepare takes in the base.
func (r *run) prepare(ctx context.Context) (err error) {
	o := r.options
	if o.Base.Name.Described() {
		r.log.Infof("finding the base %q", o.Base.Name.Text)
	}
	if r.found, err = o.Base.Find(ctx, r.log); err != nil {
		return err
	}
	if endorsement := r.found.Endorsement(); endorsement != "" {
		r.log.Infof("the base is %s", endorsement)
	}
	if r.base, err = r.found.Take(ctx, r.dir, r.log); err != nil {
		return err
	}
	for _, warning := range r.base.Warnings {
		r.log.Warnf("the appliance %q: %s", o.Base.Name.Text, warning)
	}
	if o.DiskSize != 0 && o.DiskSize < r.base.Size {
		return fault.Usagef("--disk-size %s is less than the base's disk has, %s", message.FormatBytes(o.DiskSize), message.FormatBytes(r.base.Size))
	}
	return nil
}

// spec is the machine to start.
func (r *run) spec() *engine.Spec {
	return r.machineSpec(r.dir, engine.Base{Path: r.base.Path, Format: r.base.Format, Size: r.base.Size, Bus: r.base.DisksBus, Hold: r.base.Hold()}, r.log)
}

// machineSpec is the machine to start over a base, with its files in dir.
func (p *plan) machineSpec(dir string, base engine.Base, log message.Log) *engine.Spec {
	o := p.options
	base.Bus = firstOf(base.Bus, p.baseText(metadata.DisksBus, ""))
	spec := &engine.Spec{
		Dir: dir, Base: base, Size: o.Size, DiskSize: o.DiskSize, Keep: o.NoShutdown || o.KeepOnFailure, Log: log,
	}
	for _, d := range p.disks {
		spec.Context = append(spec.Context, engine.Disk{Label: d.Label, Write: d.Write})
	}
	return spec
}
