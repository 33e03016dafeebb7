package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/cache"
	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/shell"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// Resume implements engine.Snapshotter. The machine has a copy of the memory, which is
// checked while it is copied.
func (e *Engine) Resume(ctx context.Context, spec *engine.Spec, name string) (engine.Machine, []byte, error) {
	if !cache.SnapshotName(name) {
		return nil, nil, fmt.Errorf("%w: %q is not a valid name", engine.ErrNoSnapshot, name)
	}
	s, err := openStore(spec.Snapshots)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", engine.ErrNoSnapshot, err)
	}
	lock, err := cache.LockDir(s.path(name), unix.LOCK_SH)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", engine.ErrNoSnapshot, err)
	}
	m, note, err := e.resume(ctx, spec, s, name)
	err = errors.Join(err, lock.Close())
	if err == nil {
		return m, note, nil
	}
	if ctx.Err() != nil {
		return nil, nil, fmt.Errorf("resuming the machine %q: %w", name, err)
	}
	_, removed := s.remove(name)
	// By its text alone: a file that is missing does not mean that there was none.
	return nil, nil, fmt.Errorf("%w: %s", engine.ErrNoSnapshot, errors.Join(err, removed).Error())
}

// resume resumes a snapshot that is locked.
func (e *Engine) resume(ctx context.Context, spec *engine.Spec, s *store, name string) (_ *machine, note []byte, err error) {
	dir := s.path(name)
	kept, err := readManifest(dir)
	if err != nil {
		return nil, nil, err
	}
	m := &machine{engine: e, spec: spec, config: e.config(spec), buses: []Bus{kept.Bus}}
	if err := m.makeLive(ctx); err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Destroy(ctx))
		}
	}()
	if m.live.identity.String() != kept.Identity {
		return nil, nil, errors.New("it was made by another QEMU, on other hardware, or over another base")
	}
	if kept.UEFI {
		if m.config.OVMF, err = findOVMF(places); err != nil {
			return nil, nil, err
		}
	}
	if err := m.fill(ctx, dir, kept); err != nil {
		return nil, nil, err
	}
	if err := m.resume(ctx); err != nil {
		return nil, nil, err
	}
	if err := m.live.identity.check(); err != nil {
		return nil, nil, err
	}
	now := time.Now()
	_ = os.Chtimes(filepath.Join(dir, cache.ManifestFile), now, now) // the last use
	return m, kept.Note, nil
}

// fill makes the machine's files from those of the snapshot in a directory, and
// checks them.
func (m *machine) fill(ctx context.Context, dir string, kept *manifest) error {
	c := m.config
	c.Bus, c.Seeds, c.Overlays = kept.Bus, nil, nil
	if err := m.live.newMemory(c); err != nil {
		return err
	}
	var g errgroup.Group
	g.Go(func() error {
		ram, err := files.OpenRegular(filepath.Join(dir, ramFile), os.O_RDONLY, false)
		if err != nil {
			return err
		}
		defer ram.Close()
		got, err := cache.CopySummed(ctx, m.live.memory, ram)
		return errors.Join(err, kept.Files.Check(ramFile, got))
	})
	g.Go(func() error {
		for _, name := range kept.Overlays {
			path := filepath.Join(m.live.lock.Name(), name)
			if err := os.Link(filepath.Join(dir, name), path); err != nil {
				return err
			}
			got, err := cache.CopyFile(ctx, "", path)
			if err = errors.Join(err, kept.Files.Check(name, got)); err != nil {
				return err
			}
			m.live.checks[name] = got
			c.Overlays = append(c.Overlays, path)
		}
		c.Overlays = append(c.Overlays, m.live.overlay(len(kept.Overlays)))
		return m.createOverlay(ctx, c.Overlay())
	})
	copies := slices.Concat([]string{stateFile}, kept.Seeds)
	if c.Swap > 0 {
		copies = append(copies, swapFile)
	}
	if c.OVMF != nil {
		copies = append(copies, varsFile)
	}
	for _, name := range copies {
		got, err := cache.CopyFile(ctx, filepath.Join(c.Dir, name), filepath.Join(dir, name))
		if err = errors.Join(err, kept.Files.Check(name, got)); err != nil {
			return errors.Join(err, g.Wait())
		}
	}
	for _, name := range kept.Seeds {
		c.Seeds = append(c.Seeds, filepath.Join(c.Dir, name))
	}
	return g.Wait()
}

// resume starts QEMU with the machine's files.
func (m *machine) resume(ctx context.Context) (err error) {
	c := m.config
	if c.State, err = os.Open(filepath.Join(c.Dir, stateFile)); err != nil {
		return err
	}
	defer func(f *os.File) { err = errors.Join(err, f.Close()) }(c.State)
	m.spec.Log.Verbosef("%s", shell.Join(c.Argv()...))
	m.spec.Log.Infof("resuming the machine: %d cpu, %d MiB, %s, disks on %s, %s", c.CPU, c.RAM, c.Accel, c.Bus, firmwareName(c))
	m.vm, err = startProcess(ctx, c)
	c.State = nil
	return err
}

var _ engine.Snapshotter = (*Engine)(nil)

// Forget implements engine.Snapshotter.
func (e *Engine) Forget(spec *engine.Spec, name string) error {
	s, err := openStore(spec.Snapshots)
	if err == nil {
		_, err = s.remove(name)
	}
	return err
}
