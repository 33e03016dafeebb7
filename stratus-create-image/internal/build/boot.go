package build

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/contextualize"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// start starts the machine with its files in dir, or resumes one of an earlier build, and
// logs in to it.
func (r *run) start(ctx context.Context, dir string) error {
	for _, note := range r.notes {
		r.log.Warnf("%s", note)
	}
	from := engine.Base{Path: r.base.Path, Format: r.base.Format, Size: r.base.Size, Bus: r.base.DisksBus, Hold: r.base.Hold()}
	spec := r.spec(dir, from)
	if err := r.Recipe.LoadKeys(ctx); err != nil {
		return err
	}
	if err := r.planLayers(ctx, spec); err != nil {
		if ctx.Err() != nil {
			return err
		}
		r.log.Warnf("nothing is kept for later builds, nor taken from earlier ones: %v", err)
		r.unfit, spec.Snapshots = true, ""
	}
	r.warm = spec
	if resumed, err := r.resume(ctx, spec); resumed || err != nil {
		return err
	}
	r.at = -1
	var err error
	if r.machine, err = r.Engine.Start(ctx, spec); err != nil {
		return err
	}
	if err := r.connect(ctx, r.Limit); err != nil {
		return r.keepFailed(ctx, r.explainBoot(ctx, err))
	}
	r.log.Infof("logged in as %s", r.User)
	return nil
}

// connect logs in to the machine.
func (r *run) connect(ctx context.Context, limit time.Duration) error {
	login, release, err := r.login(ctx)
	if err != nil {
		return err
	}
	defer release()
	return r.machine.Connect(ctx, func(booting context.Context, address string) (err error) {
		r.log.Infof("waiting for ssh")
		limited, cancel := context.WithTimeoutCause(booting, limit, tagged{fmt.Errorf("no login within %v", limit), ErrLimit})
		defer cancel()
		login.Address = address
		r.guest, err = guest.Wait(limited, login, r.line)
		return err
	})
}

// login returns how both sides prove who they are. A machine without a context
// knows only the user's own keys, and its host key is not known.
func (r *run) login(ctx context.Context) (login guest.Login, release func(), err error) {
	login.User = r.User
	if len(r.disks) > 0 {
		login.Keys, login.HostKey = []ssh.Signer{r.seed.Login}, r.seed.HostKey
		return login, func() {}, nil
	}
	login.Keys, release, err = r.Keys(ctx)
	return login, release, err
}

// marker separates an error from the end of the console.
const marker = "\nconsole: "

// explainBoot adds the end of the console to the error of a machine that the build
// could not log in to.
func (r *run) explainBoot(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	tail := r.machine.Console(ctx, 15)
	if len(tail) == 0 {
		tail = []string{"(nothing was printed on the serial console)"}
	}
	text := marker + strings.Join(tail, marker)
	if errors.Is(err, engine.ErrBoot) {
		return report.BadInputf("starting the base image %q: %w%s", r.Base.Name.Text, err, text)
	}
	return fmt.Errorf("starting the base image %q: %w%s", r.Base.Name.Text, tagged{err, ErrNoLogin}, text)
}

// comeUp waits in the guest until everything that starts at boot has started. The
// ssh server answers before cloud-init has ended.
const comeUp = `case $(systemctl is-system-running --wait 2>/dev/null) in
running | degraded) ;;
*) if command -v cloud-init >/dev/null; then cloud-init status --wait >/dev/null 2>&1 || true; fi ;;
esac`

// waitUp waits until the machine has come up, and logs which context it took.
func (r *run) waitUp(ctx context.Context) error {
	r.log.Infof("waiting until the machine has come up")
	ctx, cancel := context.WithTimeoutCause(ctx, r.Limit, tagged{fmt.Errorf("it has not come up within %v", r.Limit), ErrLimit})
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
	r.taken = contextualize.ParseTaken(output)
	r.sayTaken()
	return nil
}

// sayTaken says which context the guest took.
func (r *run) sayTaken() {
	if len(r.taken) > 0 {
		r.log.Infof("the guest took its context from %s", strings.Join(r.taken, " and "))
	} else {
		r.log.Infof("the source of the guest's context is unknown")
	}
}
