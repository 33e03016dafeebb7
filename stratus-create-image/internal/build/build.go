package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/machine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/notify/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/sbom"
)

// patience is how long a machine may take to shut down, for each way of asking.
const patience = 2 * time.Minute

// run is one build on its way.
type run struct {
	*plan
	call  *command.Call
	start time.Time
	phase string // what is being done, as in "starting the machine"
	dir   string // private work directory
	base  *base.Image
	vm    *machine.Machine
	guest *guest.Guest
	os    guest.OS
	kept  bool // the machine and its directory outlive us

	packages struct{ before, after sbom.Packages }
	saved    *report.Image // nil until then
}

// Run makes the image that the options ask for.
func Run(call *command.Call, o *Options) error {
	r := &run{plan: &plan{options: o}, call: call, start: time.Now(), phase: "checking what is asked for"}
	p, err := newPlan(o)
	if err == nil && o.DryRun {
		return p.print(call)
	}
	if err == nil {
		r.plan = p
		err = r.run(call.Ctx)
	}
	r.tell(call.Ctx, err)
	return err
}

func (r *run) run(ctx context.Context) (err error) {
	r.phase = "making the outputs"
	out, err := r.createOutputs()
	if err != nil {
		return err
	}
	defer out.discard()
	if r.dir, err = os.MkdirTemp(scratchParent(), "stratus-create-image."); err != nil {
		return fmt.Errorf("making a work directory: %w", err)
	}
	defer func() { err = errors.Join(err, r.removeDir()) }()
	defer r.closeItem()
	r.phase = "taking in the base image"
	if err := r.prepare(ctx); err != nil {
		return err
	}
	r.phase = "starting the machine"
	if err := r.boot(ctx); err != nil {
		return err
	}
	defer r.release()
	r.phase = "customizing the machine"
	if err := r.customize(ctx); err != nil {
		return r.keepFailed(ctx, err)
	}
	if r.options.NoShutdown {
		return r.keepRunning()
	}
	r.phase = "sealing the image"
	if err := r.finish(ctx); err != nil {
		return r.keepFailed(ctx, err)
	}
	if !r.saving {
		r.say("done; nothing is saved (--no-save)")
		return nil
	}
	r.phase = "saving the image"
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
	if r.vm != nil && !r.kept {
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
