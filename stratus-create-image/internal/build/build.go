package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/stratuslab/stratus/lib/digest"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/tool"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/machine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/qemuimg"
	"github.com/stratuslab/stratus/stratus-create-image/internal/save"
	"github.com/stratuslab/stratus/stratus-create-image/internal/seed"
)

// patience is how long a machine may take to shut down, for each way of asking.
const patience = 2 * time.Minute

// run is one build on its way.
type run struct {
	*plan
	call  *tool.Call
	start time.Time
	dir   string // private work directory
	base  *base.Image
	seed  *seed.Seed
	vm    *machine.Machine
	guest *guest.Guest
	os    guest.OS
	kept  bool // the machine and its directory outlive us
}

// Run makes the image that the options ask for.
func Run(call *tool.Call, o *Options) error {
	p, err := newPlan(o)
	if err != nil {
		return err
	}
	if o.DryRun {
		return p.print(call)
	}
	r := &run{plan: p, call: call, start: time.Now()}
	return r.run(call.Ctx)
}

func (r *run) run(ctx context.Context) (err error) {
	var out *tool.Pending
	if r.saving {
		// At once: an output that cannot be written must not cost an hour.
		if out, err = tool.CreatePending(r.target.Path, r.options.Force); err != nil {
			return err
		}
		defer out.Discard()
	}
	if r.dir, err = os.MkdirTemp(scratchParent(), "stratus-create-image."); err != nil {
		return fmt.Errorf("making a work directory: %w", err)
	}
	defer func() { err = errors.Join(err, r.removeDir()) }()
	defer r.closeItem()
	if err := r.prepare(ctx); err != nil {
		return err
	}
	if err := r.boot(ctx); err != nil {
		return err
	}
	defer r.release()
	if err := r.customize(ctx); err != nil {
		return r.keepFailed(ctx, err)
	}
	if r.options.NoShutdown {
		return r.keepRunning()
	}
	if err := r.finish(ctx); err != nil {
		return r.keepFailed(ctx, err)
	}
	if !r.saving {
		r.say("done; nothing is saved (--no-save)")
		return nil
	}
	return r.save(ctx, out)
}

// say tells the step that begins, with the time since the start.
func (r *run) say(format string, args ...any) {
	r.call.Log.Infof("[%6.1fs] %s", time.Since(r.start).Seconds(), fmt.Sprintf(format, args...))
}

// line passes on what a command in the guest prints.
func (r *run) line(label, line string) {
	r.call.Log.Infof("[%6.1fs] %s| %s", time.Since(r.start).Seconds(), label, line)
}

// release ends the machine, unless it is kept.
func (r *run) release() {
	if r.guest != nil {
		r.guest.Close()
	}
	if !r.kept {
		r.vm.Destroy()
	}
}

func (r *run) removeDir() error {
	if r.kept {
		return nil
	}
	if err := os.RemoveAll(r.dir); err != nil {
		return fmt.Errorf("removing the work directory: %w", err)
	}
	return nil
}

// save writes the image and its description; both appear, or neither.
func (r *run) save(ctx context.Context, out *tool.Pending) error {
	if err := r.base.CheckUnchanged(); err != nil {
		return tool.BadInputf("%w", err)
	}
	r.say("saving %q (%s)", r.target.Path, form(r.target.Format, r.target.Compression))
	config := r.machineConfig(r.dir, r.base.Path, qemuimg.Driver(r.base.Format))
	meter := r.call.NewMeter("digesting", 0)
	sums, err := save.Write(ctx, config.Overlay(), r.target, out.File, r.dir, meter)
	meter.Close()
	if err != nil {
		return fmt.Errorf("saving %q: %w", r.target.Path, err)
	}
	draft, err := r.draft(sums, r.base, r.os)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("saving %q: %w", r.target.Path, context.Cause(ctx))
	}
	return r.publish(out, sums, draft)
}

func (r *run) publish(out *tool.Pending, sums digest.Sums, draft []byte) error {
	if err := out.Commit(); err != nil {
		return fmt.Errorf("saving: %w", err)
	}
	image := metadata.Image{SHA1: sums.SHA1}
	r.say("saved %q: %s, identifier %s", r.target.Path, tool.FormatBytes(fileSize(r.target.Path)), image.Identifier())
	if err := r.call.WriteProduct(r.options.Metadata, draft); err != nil {
		return tool.WithHint(fmt.Errorf("the image is whole, but its description is lost: %w", err),
			"make one with: stratus-build-metadata %s", r.target.Path)
	}
	return nil
}
