package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/cache"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// Snapshot implements engine.SnapshotMachine. QEMU goes on after it with the same
// memory, over a new overlay.
func (m *machine) Snapshot(ctx context.Context, name string, note []byte) (kept bool, err error) {
	if err := m.snapshot(ctx, name, note); err != nil {
		if ctx.Err() != nil || errors.Is(err, errLost) {
			return false, fmt.Errorf("keeping the machine as %q: %w", name, err)
		}
		if errors.Is(err, errThere) {
			m.spec.Log.Infof("the machine is kept already")
			return false, nil
		}
		m.spec.Log.Warnf("the machine is not kept for later builds: %v", err)
		return false, nil
	}
	return true, nil
}

var (
	errLost  = errors.New("the machine is lost")
	errThere = errors.New("there is one of that name")
)

func (m *machine) snapshot(ctx context.Context, name string, note []byte) (err error) {
	if !cache.SnapshotName(name) {
		return fmt.Errorf("not a valid name")
	}
	if m.live == nil {
		return errors.New("it was started without a store of snapshots, or there was no room")
	}
	store := m.live.store
	if _, err := os.Lstat(store.path(name)); err == nil {
		return errThere
	}
	if err := m.live.identity.check(); err != nil {
		return err
	}
	if err := m.checkRoom(); err != nil {
		return err
	}
	s := &taking{machine: m, dir: filepath.Join(m.live.lock.Name(), "entry")}
	s.manifest = manifest{
		Format: snapshotFormat, Identity: m.live.identity.String(), Bus: m.config.Bus, UEFI: m.config.OVMF != nil,
		Files: make(cache.Sums), Note: note,
	}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(s.dir)) }()
	if err := s.freeze(ctx); err != nil {
		return err
	}
	if err := s.finish(ctx); err != nil {
		return err
	}
	err = unix.Renameat2(unix.AT_FDCWD, s.dir, unix.AT_FDCWD, store.path(name), unix.RENAME_NOREPLACE)
	if errors.Is(err, fs.ErrExist) {
		return errThere
	}
	if err != nil {
		return err
	}
	return store.trim(m.spec.SnapshotBytes)
}

// checkRoom reports a snapshot that would take more than half of what is free, or more
// than all snapshots may.
func (m *machine) checkRoom() error {
	taken := newUsage()
	if err := errors.Join(taken.add(m.live.lock.Name()), taken.addFile(m.live.memory)); err != nil {
		return err
	}
	free, err := m.live.store.free()
	switch {
	case err != nil:
		return err
	case free < 2*taken.bytes:
		return fmt.Errorf("%d MiB are free at %q; want twice what it takes, %d MiB", free>>20, m.live.store.dir, taken.bytes>>20)
	case taken.bytes > m.spec.SnapshotBytes:
		return fmt.Errorf("it takes %d MiB, more than all snapshots may, %d MiB", taken.bytes>>20, m.spec.SnapshotBytes>>20)
	}
	return nil
}

// taking is a snapshot that is being taken.
type taking struct {
	machine  *machine
	manifest manifest
	dir      string
}

// freeze stops the machine, keeps what changes as soon as it goes on, and lets it go
// on.
func (s *taking) freeze(ctx context.Context) (err error) {
	m, c := s.machine, s.machine.config
	over, err := s.addOverlay(ctx)
	if err != nil {
		return err
	}
	if err := m.vm.monitor.execute(ctx, "stop", nil, nil); err != nil {
		return err
	}
	defer func() {
		if cont := m.vm.monitor.execute(ctx, "cont", nil, nil); cont != nil {
			err = fmt.Errorf("%w: %w", errLost, errors.Join(err, cont))
		}
	}()
	n := len(c.Overlays)
	nodes := map[string]string{"node": diskName(n - 1), "overlay": diskName(n)}
	if err := m.vm.monitor.execute(ctx, "blockdev-snapshot", nodes, nil); err != nil {
		return errors.Join(err, s.removeOverlay(ctx))
	}
	c.Overlays = append(c.Overlays, over)
	if err := s.state(ctx); err != nil {
		return err
	}
	ram, err := os.OpenFile(filepath.Join(s.dir, ramFile), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ram.Close()) }()
	if s.manifest.Files[ramFile], err = cache.CopySummed(ctx, ram, m.live.memory); err != nil {
		return err
	}
	if c.Swap > 0 {
		if err := s.copy(ctx, c.SwapFile()); err != nil {
			return err
		}
	}
	if c.OVMF != nil {
		return s.copy(ctx, c.vars())
	}
	return nil
}

// addOverlay makes QEMU know an empty overlay, to which it does not write yet, and
// returns its path.
func (s *taking) addOverlay(ctx context.Context) (string, error) {
	m, n := s.machine, len(s.machine.config.Overlays)
	path := m.live.overlay(n)
	if err := m.createOverlay(ctx, path); err != nil {
		return "", errors.Join(err, os.RemoveAll(path))
	}
	if err := m.vm.monitor.execute(ctx, "blockdev-add", overlayNode(n, path, nil, false), nil); err != nil {
		return "", errors.Join(err, os.Remove(path))
	}
	return path, nil
}

// removeOverlay undoes addOverlay.
func (s *taking) removeOverlay(ctx context.Context) error {
	m, n := s.machine, len(s.machine.config.Overlays)
	node := map[string]string{"node-name": diskName(n)}
	return errors.Join(m.vm.monitor.execute(ctx, "blockdev-del", node, nil), os.Remove(m.live.overlay(n)))
}

// state keeps the state of the devices.
func (s *taking) state(ctx context.Context) error {
	path := filepath.Join(s.dir, stateFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := s.machine.vm.saveState(ctx, f); err != nil {
		return err
	}
	s.manifest.Files[stateFile], err = cache.CopySummed(ctx, nil, f)
	return err
}

// copy keeps a copy of a file under its own name.
func (s *taking) copy(ctx context.Context, path string) (err error) {
	name := filepath.Base(path)
	s.manifest.Files[name], err = cache.CopyFile(ctx, filepath.Join(s.dir, name), path)
	return err
}

// finish keeps what does not change while the machine runs.
func (s *taking) finish(ctx context.Context) (err error) {
	m := s.machine
	for _, path := range m.config.Seeds {
		s.manifest.Seeds = append(s.manifest.Seeds, filepath.Base(path))
		if err := s.copy(ctx, path); err != nil {
			return err
		}
	}
	for _, path := range m.config.Overlays[:len(m.config.Overlays)-1] {
		name := filepath.Base(path)
		s.manifest.Overlays = append(s.manifest.Overlays, name)
		if err := os.Link(path, filepath.Join(s.dir, name)); err != nil {
			return err
		}
		got, known := m.live.checks[name]
		if !known {
			if got, err = cache.CopyFile(ctx, "", path); err != nil {
				return err
			}
			m.live.checks[name] = got
		}
		s.manifest.Files[name] = got
	}
	return cache.WriteManifest(s.dir, &s.manifest)
}

var _ engine.SnapshotMachine = (*machine)(nil)
