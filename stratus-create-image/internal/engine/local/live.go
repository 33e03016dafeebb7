package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/cache"
)

// live is what a machine that can be kept has in the store: a directory with its
// overlays, which is locked as long as QEMU runs.
type live struct {
	store    *store
	lock     *os.File
	memory   *os.File
	identity *identity
	checks   cache.Sums // of the overlays that are not written to any more, by their names
}

// makeLive makes the machine one that can be kept, if its spec has a store with room
// for it.
func (m *machine) makeLive(ctx context.Context) error {
	if m.spec.Snapshots == "" {
		return nil
	}
	s, err := openStore(m.spec.Snapshots)
	if err != nil {
		return err
	}
	if err := s.trim(m.spec.SnapshotBytes); err != nil {
		return err
	}
	free, err := s.free()
	if err != nil {
		return err
	}
	if need := int64(m.spec.Size.RAM) << 21; free < need {
		return fmt.Errorf("%d MiB are free at %q; want twice the memory, %d MiB", free>>20, s.dir, need>>20)
	}
	id, err := m.engine.identify(ctx, m.spec)
	if err != nil {
		return err
	}
	lock, err := s.makeLive()
	if err != nil {
		return err
	}
	m.live = &live{store: s, lock: lock, identity: id, checks: make(cache.Sums)}
	m.config.Holds = append(m.config.Holds, lock)
	m.config.Overlays = []string{m.live.overlay(0)}
	return nil
}

// overlay returns the path of the nth overlay.
func (l *live) overlay(n int) string { return filepath.Join(l.lock.Name(), overlayName(n)) }

// overlayName returns the name of the nth overlay's file, in a snapshot, too.
func overlayName(n int) string { return diskName(n) + ".qcow2" }

// newMemory makes the file with the memory of the machine, which is empty. It is in
// memory, too: nothing of it gets on a disk, and it ends with its last user.
func (l *live) newMemory(c *machineConfig) error {
	if err := l.closeMemory(); err != nil {
		return err
	}
	fd, err := unix.MemfdCreate("guest", unix.MFD_CLOEXEC)
	if err != nil {
		return fmt.Errorf("making the machine's memory: %w", err)
	}
	l.memory = os.NewFile(uintptr(fd), "the machine's memory")
	c.Memory = l.memory
	if err := l.memory.Truncate(int64(c.RAM) << 20); err != nil {
		return fmt.Errorf("making the machine's memory: %w", err)
	}
	return nil
}

func (l *live) closeMemory() error {
	if l.memory == nil {
		return nil
	}
	err := l.memory.Close()
	l.memory = nil
	return err
}

// remove removes what the machine has in the store. Further calls do nothing.
func (l *live) remove() error {
	if l.lock == nil {
		return nil
	}
	err := errors.Join(os.RemoveAll(l.lock.Name()), l.lock.Close(), l.closeMemory())
	l.lock = nil
	return err
}
