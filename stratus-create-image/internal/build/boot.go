package build

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/stratus-create-image/internal/contextualize"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/machine"
)

// boot starts the machine and waits until it lets us in. Where the base's
// kernel does not find its disk, it is tried on the next bus.
func (r *run) boot(ctx context.Context) (err error) {
	if r.hardware.slow != "" {
		r.say("no KVM here (%s): the machine is emulated, which takes many times longer", r.hardware.slow)
	}
	for _, note := range r.notes {
		r.call.Log.Warnf("%s", note)
	}
	buses := r.buses(r.base)
	for i, bus := range buses {
		r.hardware.bus = bus
		if err := r.bootOnce(ctx); err == nil {
			return nil
		} else if !errors.Is(err, machine.ErrNoDisk) || i == len(buses)-1 || ctx.Err() != nil {
			err = r.keepFailed(ctx, r.explainBoot(ctx, err))
			r.release()
			return err
		}
		r.say("the base image's kernel does not find its disk on %s: trying %s (--disks-bus)", bus, buses[i+1])
		r.release()
	}
	panic("there is no bus to try")
}

// bootOnce starts the machine on the bus that is set. After a failure the
// machine is still to be released.
func (r *run) bootOnce(ctx context.Context) (err error) {
	if err := r.makeOverlay(ctx); err != nil {
		return err
	}
	login, release, err := r.login(ctx)
	if err != nil {
		return err
	}
	defer release()
	config := r.config()
	r.call.Log.Verbosef("%s", commandLine(config))
	r.say("starting the machine: %d cpu, %d MiB, %s, disks on %s, %s", config.CPU, config.RAM, config.Accel, config.Bus, r.firmware())
	if r.vm, err = machine.Start(ctx, config); err != nil {
		return err
	}
	r.say("waiting for ssh")
	booting, cancel := r.vm.Booting(ctx)
	defer cancel()
	limited, cancelLimit := context.WithTimeoutCause(booting, r.options.StartTimeout,
		fmt.Errorf("no login within %v (--vm-start-timeout)", r.options.StartTimeout))
	defer cancelLimit()
	login.Address = r.vm.Address()
	if r.guest, err = guest.Wait(limited, login, r.line); err != nil {
		return err
	}
	r.say("logged in as %s", r.options.SSHUser)
	return nil
}

// login says how both sides prove who they are. A machine that is told nothing
// knows only the user's own keys, and nobody knows its.
func (r *run) login(ctx context.Context) (login guest.Login, release func(), err error) {
	login.User = r.options.SSHUser
	if len(r.disks) > 0 {
		login.Keys, login.HostKey = []ssh.Signer{r.seed.Login}, r.seed.HostKey
		return login, func() {}, nil
	}
	login.Keys, release, err = r.options.SSHKeys(ctx)
	return login, release, err
}

// firmware names the machine's firmware.
func (p *plan) firmware() string {
	if p.hardware.ovmf != nil {
		return string(machine.UEFI)
	}
	return string(machine.BIOS)
}

// marker stands between what went wrong and the end of the console.
const marker = "\nconsole: "

// explainBoot says why nobody could log in: with the end of the console.
func (r *run) explainBoot(ctx context.Context, err error) error {
	if ctx.Err() != nil || r.vm == nil {
		return err
	}
	tail := r.vm.ConsoleTail(15)
	if len(tail) == 0 {
		tail = []string{"(nothing was printed on the serial console)"}
	}
	text := marker + strings.Join(tail, marker)
	if errors.Is(err, machine.ErrBoot) {
		return fault.BadInputf("starting the base image %q: %w%s", r.options.Base.Text, err, text)
	}
	return fault.WithHint(fmt.Errorf("starting the base image %q: %w%s", r.options.Base.Text, err, text),
		"the image needs an ssh server, and cloud-init or another program that takes its context (--context); --keep-on-failure leaves the machine for a look")
}

// comeUp waits in the guest until everything that starts at boot has started.
// An ssh server answers early: cloud-init is still at work, and package
// managers may be.
const comeUp = `case $(systemctl is-system-running --wait 2>/dev/null) in
running | degraded) ;;
*) if command -v cloud-init >/dev/null; then cloud-init status --wait >/dev/null 2>&1 || true; fi ;;
esac`

// waitUp waits until the machine has come up, and says which context it took.
func (r *run) waitUp(ctx context.Context) error {
	r.say("waiting until the machine has come up")
	ctx, cancel := context.WithTimeoutCause(ctx, r.options.StartTimeout,
		fmt.Errorf("it has not come up within %v (--vm-start-timeout)", r.options.StartTimeout))
	defer cancel()
	if _, err := r.guest.Output(ctx, "waiting until the machine has come up", comeUp); err != nil {
		return err
	}
	if len(r.disks) == 0 {
		return nil
	}
	output, err := r.guest.Output(ctx, "asking which context was taken", contextualize.TakenCommand)
	if err != nil {
		return err
	}
	if taken := contextualize.ParseTaken(output); len(taken) > 0 {
		r.say("the guest took its context from %s", strings.Join(taken, " and "))
	} else {
		r.say("the guest does not say from where it took its context")
	}
	return nil
}
