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
	if err := r.waitUp(alive); err != nil {
		return r.explain(err)
	}
	r.begin("customizing the machine")
	if err := r.checkAccount(alive); err != nil {
		return r.explain(err)
	}
	if r.os, err = r.guest.ReadOS(alive); err != nil {
		return r.explain(err)
	}
	if r.OS != "" {
		r.os.ID, r.os.Like = strings.ToLower(r.OS), nil
	}
	r.log.Infof("the guest is %s %s on %s", r.os.ID, r.os.Version, r.os.Arch)
	if pattern := r.machine.Hardware().Swap; pattern != "" {
		addSwap := "for d in " + pattern + "; do mkswap $d && swapon $d && exit; done; exit 1"
		if _, err := r.guest.Output(alive, "adding swap", addSwap); err != nil {
			r.log.Warnf("the machine has no swap: %v", err)
		}
	}
	if err := r.listPackages(alive, &r.packages.before); err != nil {
		return r.explain(err)
	}
	if err := r.Recipe.Apply(alive, r.guest, r.os, r.log.Infof); err != nil {
		return r.explain(err)
	}
	return r.explain(r.listPackages(alive, &r.packages.after))
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
