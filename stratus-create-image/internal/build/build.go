// Package build makes an image: it takes in the base, runs it in a machine of an
// engine, applies the recipe, seals, saves and describes the result, and reports
// how it went. It must not know the command line, nor which engine there is.
package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base"
	"github.com/stratuslab/stratus/stratus-create-image/internal/contextualize"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/notify"
	"github.com/stratuslab/stratus/stratus-create-image/internal/recipe"
	"github.com/stratuslab/stratus/stratus-create-image/internal/sbom"
)

// Errors about what the user asked for.
var (
	// ErrDiskSize reports that Request.Disk is too small.
	ErrDiskSize = errors.New("less than the base's disk has")
	// ErrLimit reports that the machine took longer than Request.Limit.
	ErrLimit = errors.New("the machine took too long")
	// ErrNoLogin reports that the build could not log in to the machine.
	ErrNoLogin = errors.New("no login")
	// errLost reports that the machine is lost because it was kept.
	errLost = errors.New("the machine was lost while it was kept")
	// ErrAccount reports that the base has an account with the name Request.User.
	ErrAccount = errors.New("the account is the base's own")
)

// tagged is an error that is another one, too, without its text.
type tagged struct {
	error
	tag error
}

func (e tagged) Unwrap() []error { return []error{e.tag, e.error} }

// patience is how long a machine may take to shut down, for each way of asking.
const patience = 2 * time.Minute

// consoleLines is how much of the console is in the report of a failed build.
const consoleLines = 40

// run is one build on its way.
type run struct {
	*Request
	log     report.Log
	phases  []phase // the present one last
	seed    *contextualize.Seed
	disks   []contextualize.Disk // with the context
	notes   []string             // about the context, one line each
	dir     string               // private work directory
	found   *base.Found
	base    *base.Image
	machine engine.Machine
	guest   *guest.Guest
	taken   []string // where the guest took its context from
	os      guest.OS
	kept    bool     // the machine and its directory outlive us
	console []string // the last lines of a failed build's machine

	record   *record // of what the image is made from; nil: there is none
	lists    *lists  // the package lists that the guest has; nil: they are not known
	layers   []*layer
	warm     *engine.Spec // of machines that are kept; nil: none is
	at       int          // the layer that the machine is
	reused   []made       // by an earlier build
	made     []made       // those, and after them the layers of this build that are kept
	unfit    bool         // the guest cannot be kept
	swapping bool         // it has its disk for swap
	job      *recipe.Job

	packages struct{ before, after sbom.Packages }
	saved    *notify.Image // nil until then
}

// FirstPhase is what is being done before anything is made.
const FirstPhase = "checking what is asked for"

// Run makes the image. The report is never nil.
func Run(ctx context.Context, q *Request) (*notify.Report, error) {
	start := time.Now()
	r := &run{Request: q, log: stamped{q.Log, start}}
	r.begin(FirstPhase)
	err := r.check(ctx)
	if err == nil {
		err = r.run(ctx)
	}
	outcome := &notify.Report{Title: q.Texts.Title, Base: q.Base.Name.Text, Started: start, Image: r.saved}
	outcome.Ended = time.Now()
	outcome.Phases = took(r.phases, outcome.Ended)
	if err != nil {
		cause, _, _ := strings.Cut(err.Error(), marker)
		outcome.Failure = &notify.Failure{Phase: r.phases[len(r.phases)-1].name, Cause: cause, Console: r.console}
	}
	return outcome, err
}

// check makes the context, and checks what can be checked before anything is
// started.
func (r *run) check(ctx context.Context) error {
	if err := r.makeContext(); err != nil {
		return err
	}
	return r.Engine.Check(ctx, r.Target)
}

func (r *run) makeContext() (err error) {
	if r.Request.seed != nil {
		r.seed = r.Request.seed
	} else if r.seed, err = contextualize.NewSeed(r.User); err != nil {
		return err
	}
	content := *r.Context
	content.Seed = r.seed
	r.disks, r.notes, err = content.Disks(r.Scheme)
	return err
}

func (r *run) run(ctx context.Context) (err error) {
	r.begin("making the outputs")
	out, err := r.createOutputs()
	if err != nil {
		return err
	}
	defer out.discard()
	if r.dir, err = os.MkdirTemp(scratchParent(), "stratus-create-image."); err != nil {
		return fmt.Errorf("making a work directory: %w", err)
	}
	defer func() { err = errors.Join(err, r.release(ctx, err != nil)) }()
	r.begin("taking in the base image")
	if err := r.takeBase(ctx); err != nil {
		return err
	}
	r.record = r.newRecord(ctx)
	err = r.make(ctx, r.dir)
	if errors.Is(err, errLost) && ctx.Err() == nil {
		err = r.makeAnew(ctx, err)
	}
	if err != nil {
		return err
	}
	if r.KeepRunning {
		return r.keepRunning()
	}
	r.begin("sealing the image")
	if err := r.finish(ctx); err != nil {
		return r.keepFailed(ctx, err)
	}
	if r.Target == nil {
		r.log.Infof("done; nothing is saved")
		return nil
	}
	r.begin("saving the image")
	return r.save(ctx, out)
}

// make starts a machine with its files in dir, and customizes it.
func (r *run) make(ctx context.Context, dir string) error {
	r.begin("starting the machine")
	if err := r.start(ctx, dir); err != nil {
		return err
	}
	err := r.customize(ctx)
	if err == nil || errors.Is(err, errLost) {
		return err
	}
	return r.keepFailed(ctx, err)
}

// makeAnew is make after a machine was lost. The new one is not kept, and has nothing of
// earlier builds.
func (r *run) makeAnew(ctx context.Context, lost error) error {
	r.log.Warnf("making the image anew, and keeping nothing for later builds: %v", lost)
	r.guest.Close()
	if err := r.machine.Destroy(ctx); err != nil {
		return fmt.Errorf("removing the machine: %w", err)
	}
	alone := *r.Request
	alone.Reuse = nil
	*r = run{
		Request: &alone, log: r.log, phases: r.phases, dir: r.dir, found: r.found, base: r.base,
	}
	if err := r.makeContext(); err != nil {
		return err
	}
	dir := filepath.Join(r.dir, "anew")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("making a directory for the machine: %w", err)
	}
	return r.make(ctx, dir)
}

// release destroys the machine and its files, and releases the base. A machine
// that is kept stays.
func (r *run) release(ctx context.Context, failed bool) error {
	if r.guest != nil {
		r.guest.Close()
	}
	var destroyed, removed error
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if r.machine != nil && failed {
		r.console = r.machine.Console(ctx, consoleLines)
	}
	if r.machine != nil && !r.kept {
		if err := r.machine.Destroy(ctx); err != nil {
			destroyed = fmt.Errorf("removing the machine: %w", err)
		}
	}
	if r.base != nil {
		if err := r.base.Close(); err != nil {
			r.log.Warnf("%v", err) // which does not spoil what was made
		}
	}
	r.prune()
	if !r.kept {
		if err := os.RemoveAll(r.dir); err != nil {
			removed = fmt.Errorf("removing the work directory: %w", err)
		}
	}
	return errors.Join(destroyed, removed)
}

// prune removes from the cache what is more than it may have.
func (r *run) prune() {
	if r.Reuse == nil {
		return
	}
	if err := r.Reuse.Prune(); err != nil {
		r.log.Warnf("%v", err)
	}
}

// scratchParent is where the work directory goes: TMPDIR, else a place that is
// made for large files and not kept in memory.
func scratchParent() string {
	if dir := os.Getenv("TMPDIR"); dir != "" {
		return filepath.Clean(dir)
	}
	if info, err := os.Stat("/var/tmp"); err == nil && info.IsDir() {
		return "/var/tmp"
	}
	return os.TempDir()
}
