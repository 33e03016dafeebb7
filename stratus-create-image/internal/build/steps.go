package build

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/stratuslab/stratus/lib/tool"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/machine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/qemuimg"
)

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
		return tool.BadInputf("starting the base image %q: %w%s", r.options.Base.Text, err, text)
	}
	return tool.WithHint(fmt.Errorf("starting the base image %q: %w%s", r.options.Base.Text, err, text),
		"the image needs cloud-init and an ssh server; --keep-on-failure leaves the machine for a look")
}

// customize does to the guest what the user asks for.
func (r *run) customize(ctx context.Context) (err error) {
	alive, cancel := r.vm.Alive(ctx)
	defer cancel()
	if err := r.waitUp(alive); err != nil {
		return r.explain(err)
	}
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

// comeUp waits in the guest until everything that starts at boot has started.
// An ssh server answers early: cloud-init is still at work, and package
// managers may be.
const comeUp = `case $(systemctl is-system-running --wait 2>/dev/null) in
running | degraded) ;;
*) if command -v cloud-init >/dev/null; then cloud-init status --wait >/dev/null 2>&1 || true; fi ;;
esac`

func (r *run) waitUp(ctx context.Context) error {
	r.say("waiting until the machine has come up")
	ctx, cancel := context.WithTimeoutCause(ctx, r.options.StartTimeout,
		fmt.Errorf("it has not come up within %v (--vm-start-timeout)", r.options.StartTimeout))
	defer cancel()
	_, err := r.guest.Output(ctx, "waiting until the machine has come up", comeUp)
	return err
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
