package recipe

import (
	"context"
	"errors"

	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// Job is a recipe on its way in a guest, or in one after the other: between two steps
// the guest may be replaced by a copy of it.
type Job struct {
	*packaging
	guest *guest.Guest

	// What the steps need in the guest: Pause removes it, and the next step makes it anew.
	dir             *guest.Dir // nil: nothing is there
	configured      bool       // the package manager
	exported        bool       // the variables of scripts and commands
	copies, scripts int
}

// For returns the recipe for an operating system, or what can be known to go wrong
// with it. Do calls say with each thing that begins.
func (r *Recipe) For(ctx context.Context, os guest.OS, say func(format string, args ...any)) (*Job, error) {
	p, err := r.newPackaging(ctx, os, say)
	if err != nil {
		return nil, err
	}
	return &Job{packaging: p}, nil
}

// Do does a step of the recipe in the guest.
func (j *Job) Do(ctx context.Context, g *guest.Guest, s *Step) error {
	if j.dir == nil {
		err := j.limited(ctx, func(ctx context.Context) (err error) {
			j.dir, err = g.MakeDir(ctx)
			return err
		})
		if err != nil {
			return err
		}
		j.guest = g
	}
	if s.configured && !j.configured {
		if err := j.limited(ctx, func(ctx context.Context) error { return j.configure(ctx, j.guest, j.dir) }); err != nil {
			return err
		}
		j.configured = true
	}
	return s.do(j, ctx)
}

// Pause removes what the steps needed in the guest, which may then be replaced by a copy
// of it. Package lists that name mirrors remain.
func (j *Job) Pause(ctx context.Context) error {
	if j.dir == nil {
		return nil
	}
	err := j.limited(ctx, j.dir.Remove)
	*j = Job{packaging: j.packaging}
	j.forScripts, j.conditions.environment, j.conditions.config = nil, "", ""
	return err
}

// End removes from the guest what is only there for the recipe, whichever steps were done.
// It is given their error, to which it adds its own.
func (j *Job) End(ctx context.Context, g *guest.Guest, err error) error {
	if ctx.Err() != nil || errors.Is(err, guest.ErrBroken) { // then the whole machine goes
		return err
	}
	if len(j.Mirrors) > 0 && j.installer == Apt {
		err = errors.Join(err, j.limited(ctx, func(ctx context.Context) error { return forgetLists(ctx, g) }))
	}
	return errors.Join(err, j.Pause(ctx))
}
