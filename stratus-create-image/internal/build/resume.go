package build

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/stratus-create-image/internal/contextualize"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/refresh"
	"github.com/stratuslab/stratus/stratus-create-image/internal/sbom"
)

// noteForm is the form of notes. Layers of another form have other keys.
const noteForm = 1

// note is what a build needs to go on from a snapshot.
type note struct {
	Seed   *contextualize.Seed
	Taken  []string // the context
	OS     guest.OS
	Before sbom.Packages // of the base
	Made   []made        // the kept layers up to this one
}

// made is a layer that was kept. Kind is its name without what the user has typed.
type made struct {
	Name, Kind string
	Time       time.Time
}

// resumeTime bounds the login to a resumed machine, which takes seconds.
const resumeTime = 2 * time.Minute

// resume goes on from the latest layer of which there is a snapshot, and reports
// whether there is one.
func (r *run) resume(ctx context.Context, spec *engine.Spec) (bool, error) {
	snapshotter, can := r.Engine.(engine.Snapshotter)
	if !can || spec.Snapshots == "" || r.Reuse.Refresh {
		return false, nil
	}
	one := *spec // what an attempt leaves is not in the way of the next one
	one.Dir = filepath.Join(r.dir, "resumed")
	for i := len(r.layers) - 1; i >= 0; i-- {
		l := r.layers[i]
		if !l.kept || l.key == "" {
			continue
		}
		if err := os.Mkdir(one.Dir, 0o700); err != nil {
			return false, fmt.Errorf("making a directory for the machine: %w", err)
		}
		before := *r
		err := r.resumeAt(ctx, snapshotter, &one, l.key)
		if err == nil {
			r.at = i
			r.sayReused(r.Reuse.now())
			return true, nil
		}
		if ctx.Err() != nil {
			return false, err
		}
		if r.guest != nil {
			r.guest.Close()
		}
		if r.machine != nil {
			err = errors.Join(err, r.machine.Destroy(ctx), snapshotter.Forget(spec, l.key))
		}
		*r = before // a machine that starts has other keys, and nothing of earlier builds
		if err := os.RemoveAll(one.Dir); err != nil {
			return false, fmt.Errorf("removing a directory of the machine: %w", err)
		}
		if !errors.Is(err, engine.ErrNoSnapshot) || !errors.Is(err, fs.ErrNotExist) {
			r.log.Warnf("not going on from an earlier build: %v", err)
		}
	}
	return false, nil
}

// resumeAt resumes one snapshot, and makes its guest like one that has just started.
func (r *run) resumeAt(ctx context.Context, s engine.Snapshotter, spec *engine.Spec, key string) error {
	m, text, err := s.Resume(ctx, spec, key)
	if err != nil {
		return err
	}
	r.machine = m
	var n note
	if err := json.Unmarshal(text, &n); err != nil || n.Seed == nil {
		return fmt.Errorf("reading the note of a snapshot: %w", errors.Join(err, engine.ErrNoSnapshot))
	}
	r.seed, r.taken, r.os, r.packages.before, r.reused = n.Seed, n.Taken, n.OS, n.Before, n.Made
	r.made = n.Made
	if err := r.connect(ctx, min(r.Limit, resumeTime)); err != nil {
		return err
	}
	if err := r.refresh(ctx); err != nil {
		return err
	}
	r.guest.Close() // its keys are made of the snapshot's random numbers
	return r.connect(ctx, min(r.Limit, resumeTime))
}

// refresh makes a resumed guest like one that has just started. It gets a login key of
// its own.
func (r *run) refresh(ctx context.Context) error {
	fresh, err := r.seed.WithNewLogin()
	if err != nil {
		return err
	}
	keys := refresh.Keys{User: r.User, Old: r.seed.Login.PublicKey(), New: fresh.Login.PublicKey()}
	if err := refresh.Refresh(ctx, r.guest, keys, time.Now); err != nil {
		return err
	}
	r.seed = fresh
	return nil
}

// sayReused says which layers come from earlier builds.
func (r *run) sayReused(now time.Time) {
	r.sayTaken()
	for _, m := range r.reused {
		r.log.Infof("%s: reused, made %s ago", m.Name, age(now.Sub(m.Time)))
	}
}

// reusedText returns which layers come from earlier builds, and when they were made, for
// the description.
func (r *run) reusedText() string {
	texts := make([]string, len(r.reused))
	for i, m := range r.reused {
		texts[i] = m.Kind + " " + metadata.FormatTime(m.Time)
	}
	return strings.Join(texts, "; ")
}

// age returns a time span for people.
func age(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", max(0, d/time.Second))
}

// keepLayer takes a snapshot of the machine, if the layer is one that is kept.
func (r *run) keepLayer(ctx, alive context.Context, l *layer) error {
	machine, can := r.machine.(engine.SnapshotMachine)
	if !can || !l.kept || l.key == "" || r.unfit {
		return nil
	}
	if err := r.checkInputs(l); err != nil {
		r.unfit = true
		r.log.Warnf("the machine is not kept for later builds: %v", err)
		return nil
	}
	if r.job != nil {
		if err := r.job.Pause(alive); err != nil {
			return err
		}
	}
	r.swapOff(alive)
	if err := refresh.Settle(alive, r.guest); err != nil {
		if alive.Err() != nil || errors.Is(err, guest.ErrBroken) {
			return err
		}
		if !errors.Is(err, refresh.ErrUnfit) { // some of its jobs may have been stopped
			if on := refresh.GoOn(alive, r.guest, time.Now); on != nil {
				return tagged{errors.Join(err, on), errLost}
			}
		}
		r.unfit = true
		r.log.Infof("the machine is not kept for later builds: %v", err)
		r.addSwap(alive)
		return nil
	}
	r.made = append(slices.Clone(r.made), made{l.name(), l.kind(), r.Reuse.now()})
	text, err := json.Marshal(note{r.seed, r.taken, r.os, r.packages.before, r.made})
	if err != nil {
		return err
	}
	r.guest.Close()
	if err := r.takeSnapshot(ctx, alive, machine, l.key, text); err != nil {
		return err
	}
	r.addSwap(alive)
	return nil
}

// takeSnapshot takes a snapshot in place of one that must not be used any more. The error
// wraps errLost if the machine does not go on; no later build takes it, then.
func (r *run) takeSnapshot(ctx, alive context.Context, m engine.SnapshotMachine, key string, note []byte) error {
	snapshotter, can := r.Engine.(engine.Snapshotter)
	if can && r.Reuse.Refresh {
		if err := snapshotter.Forget(r.warm, key); err != nil {
			r.log.Warnf("%v", err)
		}
	}
	_, err := m.Snapshot(ctx, key, note)
	if err == nil {
		err = r.connect(ctx, min(r.Limit, resumeTime))
	}
	if err == nil {
		err = refresh.GoOn(alive, r.guest, time.Now)
	}
	if err == nil || ctx.Err() != nil {
		return err
	}
	if can {
		err = errors.Join(err, snapshotter.Forget(r.warm, key))
	}
	return tagged{err, errLost}
}

// checkInputs reports whether the inputs of the steps up to a layer are still those that
// its key stands for: files may have changed before they were copied.
func (r *run) checkInputs(last *layer) error {
	for _, l := range r.layers {
		if l.step != nil {
			digest, err := l.step.Digest()
			if err != nil {
				return err
			}
			if digest != l.digest {
				return fmt.Errorf("the inputs of %s have changed since the build began", l.name())
			}
		}
		if l == last {
			break
		}
	}
	return nil
}
