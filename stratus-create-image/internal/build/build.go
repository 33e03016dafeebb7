package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/message"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/notify"
	"github.com/stratuslab/stratus/stratus-create-image/internal/sbom"
)

// patience is how long a machine may take to shut down, for each way of asking.
const patience = 2 * time.Minute

// run is one build on its way.
type run struct {
	*plan
	call    *command.Call
	log     message.Log
	start   time.Time
	phase   string // what is being done, as in "starting the machine"
	dir     string // private work directory
	base    *base.Image
	machine engine.Machine
	guest   *guest.Guest
	os      guest.OS
	kept    bool     // the machine and its directory outlive us
	console []string // the last lines of a failed build's machine

	packages struct{ before, after sbom.Packages }
	saved    *notify.Image // nil until then
}

// Run makes the image that the options ask for.
func Run(call *command.Call, o *Options) error {
	start := time.Now()
	r := &run{plan: &plan{options: o}, call: call, log: stamped{call.Log, start}, start: start, phase: "checking what is asked for"}
	p, err := newPlan(call.Ctx, o)
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
	defer r.closeBase()
	defer func() {
		if err != nil && r.machine != nil {
			r.console = r.machine.Console(context.WithoutCancel(ctx), consoleLines)
		}
		err = errors.Join(err, r.release(ctx))
	}()
	r.phase = "taking in the base image"
	if err := r.prepare(ctx); err != nil {
		return err
	}
	r.phase = "starting the machine"
	if err := r.boot(ctx); err != nil {
		return err
	}
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
	if r.target == nil {
		r.log.Infof("done; nothing is saved (--no-save)")
		return nil
	}
	r.phase = "saving the image"
	return r.save(ctx, out)
}

// closeBase releases the base. A failure does not spoil what was made.
func (r *run) closeBase() {
	if r.base == nil {
		return
	}
	if err := r.base.Close(); err != nil {
		r.log.Warnf("%v", err)
	}
}

// line passes on what a command in the guest prints.
func (r *run) line(label, line string) { r.log.Infof("%s| %s", label, line) }

// release destroys the machine, unless it is kept.
func (r *run) release(ctx context.Context) error {
	if r.guest != nil {
		r.guest.Close()
	}
	if r.machine == nil || r.kept {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := r.machine.Destroy(ctx); err != nil {
		return fmt.Errorf("removing the machine: %w", err)
	}
	return nil
}

// ended waits at most the given time for the machine to end, and returns how it
// did; nil where it still runs.
func (r *run) ended(wait time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	alive, stop := r.machine.Alive(ctx)
	defer stop()
	<-alive.Done()
	if cause := context.Cause(alive); errors.Is(cause, engine.ErrEnded) {
		return cause
	}
	return nil
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
