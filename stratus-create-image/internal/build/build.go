package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
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

// boot starts the machine and waits until it lets us in.
func (r *run) boot(ctx context.Context) (err error) {
	config := r.machineConfig(r.dir, r.base.Path, qemuimg.Driver(r.base.Format))
	r.call.Log.Verbosef("%s", commandLine(config))
	if r.slow != "" {
		r.say("no KVM here (%s): the machine is emulated, which takes many times longer", r.slow)
	}
	r.say("starting the machine: %d cpu, %d MiB, %s", config.CPU, config.RAM, config.Accel)
	if r.vm, err = machine.Start(ctx, config); err != nil {
		return err
	}
	r.say("waiting for ssh")
	booting, cancel := r.vm.Booting(ctx)
	defer cancel()
	limited, cancelLimit := context.WithTimeoutCause(booting, r.options.StartTimeout,
		fmt.Errorf("no login within %v (--vm-start-timeout)", r.options.StartTimeout))
	defer cancelLimit()
	login := guest.Login{Address: r.vm.Address(), User: r.options.SSHUser, Key: r.seed.Login, HostKey: r.seed.HostKey}
	if r.guest, err = guest.Wait(limited, login, r.line); err != nil {
		err = r.keepFailed(ctx, r.explainBoot(ctx, err))
		r.release()
		return err
	}
	r.say("logged in as %s", r.options.SSHUser)
	return nil
}

// explainBoot says why nobody could log in: with the end of the console.
func (r *run) explainBoot(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	tail := r.vm.ConsoleTail(15)
	text := "\nconsole: (nothing was printed on the serial console)"
	if len(tail) > 0 {
		text = "\nconsole: " + strings.Join(tail, "\nconsole: ")
	}
	if errors.Is(err, machine.ErrBoot) {
		return tool.BadInputf("starting the base image %q: %w%s", r.options.Base, err, text)
	}
	return tool.WithHint(fmt.Errorf("starting the base image %q: %w%s", r.options.Base, err, text),
		"the image needs cloud-init and an ssh server; --keep-on-failure leaves the machine for a look")
}

// customize does to the guest what the user asks for.
func (r *run) customize(ctx context.Context) (err error) {
	alive, cancel := r.vm.Alive(ctx)
	defer cancel()
	if r.os, err = r.guest.ReadOS(alive); err != nil {
		return r.explain(err)
	}
	if r.options.OS != "" {
		r.os.ID, r.os.Like = strings.ToLower(r.options.OS), nil
	}
	r.say("the guest is %s %s on %s", r.os.ID, r.os.Version, r.os.Arch)
	if r.size.Swap > 0 {
		device := "/dev/disk/by-id/virtio-" + machine.SwapSerial
		if _, err := r.guest.Output(alive, "adding swap", "mkswap "+device+" && swapon "+device); err != nil {
			r.call.Log.Warnf("the machine has no swap: %v", err)
		}
	}
	return r.explain(r.recipe.Apply(alive, r.guest, r.os, r.say))
}

// explain adds to an error in the guest what the user cannot see: how QEMU
// ended, or, with --quiet, the end of what a command printed.
func (r *run) explain(err error) error {
	var exit *guest.ExitError
	switch {
	case errors.Is(err, guest.ErrBroken):
		// A guest that goes down by itself ends its ssh server first.
		return errors.Join(err, r.vm.Ended(patience/4))
	case errors.As(err, &exit) && r.call.Bool("quiet") && exit.Tail != "":
		return fmt.Errorf("%w\n%s", err, exit.Tail)
	}
	return err
}

// finish seals the guest and shuts it down.
func (r *run) finish(ctx context.Context) error {
	alive, cancel := r.vm.Alive(ctx)
	defer cancel()
	if err := r.seal.Apply(alive, r.guest, r.seed.LoginKey(), r.say); err != nil {
		return fmt.Errorf("sealing the image: %w", r.explain(err))
	}
	r.say("trimming the disk")
	// Only what is deleted on the disk, too, is trimmed.
	if _, err := r.guest.Output(alive, "fstrim", "sync && fstrim -a && sync"); err != nil && alive.Err() == nil {
		r.call.Log.Warnf("the image will be larger than it need be: %v", err)
	}
	r.say("shutting down")
	return r.vm.Shutdown(ctx, patience, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, patience/4)
		defer cancel()
		_, err := r.guest.Output(ctx, "shutting down", "systemctl poweroff || poweroff || shutdown -P now")
		return err
	})
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
