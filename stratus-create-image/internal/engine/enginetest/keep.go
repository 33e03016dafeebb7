package enginetest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// Snapshots returns the names of the snapshots.
func (f *Fake) Snapshots() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.snapshots))
}

// Note returns the note of a snapshot, and whether there is one.
func (f *Fake) Note(name string) (note []byte, there bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	note, there = f.snapshots[name]
	return note, there
}

// SetNote replaces the note of a snapshot. One without a note is damaged.
func (f *Fake) SetNote(name string, note []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.snapshots == nil {
		f.snapshots = make(map[string][]byte)
	}
	f.snapshots[name] = note
}

// Identity implements engine.Snapshotter.
func (f *Fake) Identity(_ context.Context, spec *engine.Spec) (string, error) {
	base, err := os.ReadFile(spec.Base.Path)
	return fmt.Sprintf("%x %+v %d", sha256.Sum256(base), spec.Size, spec.DiskSize), err
}

// Resume implements engine.Snapshotter.
func (f *Fake) Resume(ctx context.Context, spec *engine.Spec, name string) (engine.Machine, []byte, error) {
	note, there := f.Note(name)
	if !there {
		return nil, nil, fmt.Errorf("%q: %w: %w", name, engine.ErrNoSnapshot, fs.ErrNotExist)
	}
	if err := f.step(ctx, "resume", "port", "disk", "machine"); err != nil {
		f.remove(3)
		if ctx.Err() == nil {
			err = fmt.Errorf("%w: %w", engine.ErrNoSnapshot, err)
			f.forget(name)
		}
		return nil, nil, err
	}
	if note == nil {
		f.remove(3)
		f.forget(name)
		return nil, nil, fmt.Errorf("%q is damaged: %w", name, engine.ErrNoSnapshot)
	}
	f.event("resume", name)
	return &fakeMachine{fake: f, spec: spec, resumed: true, ended: make(chan struct{})}, note, nil
}

// Forget implements engine.Snapshotter.
func (f *Fake) Forget(_ *engine.Spec, name string) error {
	f.forget(name)
	return nil
}

func (f *Fake) forget(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.snapshots, name)
}

// Snapshot implements engine.SnapshotMachine. A step that fails loses the machine.
func (m *fakeMachine) Snapshot(ctx context.Context, name string, note []byte) (kept bool, err error) {
	if err := m.fake.step(ctx, "snapshot"); err != nil {
		return false, err
	}
	if _, there := m.fake.Note(name); there || m.fake.Full {
		m.spec.Log.Warnf("the machine is not kept as %q", name)
		return false, nil
	}
	m.fake.event("snapshot", name)
	m.fake.SetNote(name, append([]byte{}, note...))
	return true, nil
}
