package build

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/sbom"
	"github.com/stratuslab/stratus/stratus-create-image/internal/seal"
)

// customize does to the guest what the user asks for.
func (r *run) customize(ctx context.Context) (err error) {
	alive, cancel := r.machine.Alive(ctx)
	defer cancel()
	if r.at < 0 {
		r.begin("waiting until the machine has come up")
		if err := r.comeUp(alive); err != nil {
			return r.explain(err)
		}
		r.at = 0
		if err := r.keepLayer(ctx, alive, r.layers[0]); err != nil {
			return r.explain(err)
		}
	}
	r.begin("customizing the machine")
	r.log.Infof("the guest is %s %s on %s", r.os.ID, r.os.Version, r.os.Arch)
	r.addSwap(alive)
	if err := r.takeSteps(ctx, alive); err != nil {
		return r.explain(err)
	}
	return r.explain(r.listPackages(alive, &r.packages.after))
}

// comeUp waits until the machine has come up, and looks at what it is.
func (r *run) comeUp(ctx context.Context) (err error) {
	if err := r.waitUp(ctx); err != nil {
		return err
	}
	if err := r.checkAccount(ctx); err != nil {
		return err
	}
	if r.os, err = r.guest.ReadOS(ctx); err != nil {
		return err
	}
	if r.OS != "" {
		r.os.ID, r.os.Like = strings.ToLower(r.OS), nil
	}
	return r.listPackages(ctx, &r.packages.before)
}

// takeSteps takes the steps of the recipe that the machine has not behind it yet.
func (r *run) takeSteps(ctx, alive context.Context) (err error) {
	if len(r.layers) == 1 {
		return nil
	}
	if r.job, err = r.Recipe.For(alive, r.os, r.log.Infof); err != nil {
		return err
	}
	defer func() { err = r.job.End(alive, r.guest, err) }()
	for r.at++; r.at < len(r.layers); r.at++ {
		l := r.layers[r.at]
		if err := r.job.Do(alive, r.guest, l.step); err != nil {
			return err
		}
		if l.step.Lists {
			if err := r.readArchives(alive, r.at); err != nil {
				return err
			}
		}
		if err := r.keepLayer(ctx, alive, l); err != nil {
			return err
		}
	}
	return nil
}

// addSwap has the guest use its disk for swap.
func (r *run) addSwap(ctx context.Context) {
	pattern := r.machine.Hardware().Swap
	if pattern == "" || r.swapping {
		return
	}
	r.swapping = true
	command := "for d in " + pattern + "; do mkswap $d && swapon $d && exit; done; exit 1"
	if _, err := r.guest.Output(ctx, "adding swap", command); err != nil {
		r.log.Warnf("the machine has no swap: %v", err)
	}
}

// swapOff takes the guest's disk for swap away: what is on it belongs to the machine's
// memory.
func (r *run) swapOff(ctx context.Context) {
	if pattern := r.machine.Hardware().Swap; r.swapping {
		r.swapping = false
		_, _ = r.guest.Output(ctx, "taking the swap away", "for d in "+pattern+"; do swapoff $d; done 2>/dev/null; true")
	}
}

// checkAccount checks that the account that the build has logged in to was made
// for it: one of the base would keep the rights that it was given.
func (r *run) checkAccount(ctx context.Context) error {
	user := r.User
	if user == "root" || len(r.disks) == 0 {
		return nil
	}
	comment, err := r.guest.Output(ctx, "looking at the account", "grep '^"+user+":' /etc/passwd | cut -d: -f5 | cut -d, -f1")
	if err != nil {
		return err
	}
	if strings.TrimSpace(comment) != r.seed.Mark {
		return report.BadInputf("%w", tagged{fmt.Errorf("the base image has an account %q of its own, which would keep the build's rights", user), ErrAccount})
	}
	return nil
}

// listPackages lists the installed packages for the SBOM.
func (r *run) listPackages(ctx context.Context, packages *sbom.Packages) (err error) {
	if r.SBOM == "" {
		return nil
	}
	r.log.Infof("listing the packages")
	*packages, err = sbom.List(ctx, r.guest)
	return err
}

// explain adds to an error in the guest what the user cannot see: how the machine
// ended, or, with --quiet, the end of what a command printed.
func (r *run) explain(err error) error {
	var exit *guest.ExitError
	switch {
	case errors.Is(err, guest.ErrBroken):
		// A guest that goes down by itself ends its ssh server first.
		return errors.Join(err, r.ended(patience/4))
	case errors.As(err, &exit) && r.Quiet && exit.Tail != "":
		return fmt.Errorf("%w\n%s", err, exit.Tail)
	}
	return err
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

// finish seals the guest and shuts it down.
func (r *run) finish(ctx context.Context) error {
	alive, cancel := r.machine.Alive(ctx)
	defer cancel()
	switch err := r.Seal.Apply(alive, r.guest, r.seed.LoginKey(), r.log.Infof); {
	case errors.Is(err, seal.ErrTrim):
		r.log.Warnf("the image will be larger than necessary: %v", err)
	case err != nil:
		return fmt.Errorf("sealing the image: %w", r.explain(err))
	}
	last, err := r.Seal.LastCommand(seal.Account{Name: r.User, Mark: r.seed.Mark}, "systemctl poweroff || poweroff || shutdown -P now")
	if err != nil {
		return fmt.Errorf("sealing the image: %w", err)
	}
	r.begin("shutting down the machine")
	r.log.Infof("shutting down")
	var left error // of the command that ends the machine
	err = r.machine.Stop(ctx, patience, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, patience/4)
		defer cancel()
		_, left = r.guest.Output(ctx, "shutting down", last)
		return left
	})
	if seal.StillThere(left) {
		return fmt.Errorf("sealing the image: removing the account %q: %w", r.User, left)
	}
	return err
}
