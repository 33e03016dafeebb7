package enginetest

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// kept is the name of the snapshot that Run leaves.
const kept = "kept"

// snapshotter returns the engine if it can resume machines and the specs have a place
// for snapshots; else nil.
func (s *Subject) snapshotter(t *testing.T) engine.Snapshotter {
	t.Helper()
	e, ok := s.Engine.(engine.Snapshotter)
	if !ok || s.Spec(t).Snapshots == "" {
		return nil
	}
	return e
}

// keep keeps a machine that was logged in to as a snapshot, and logs in again.
func (s *Subject) keep(t *testing.T, m engine.Machine, name string) {
	t.Helper()
	if err := s.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	machine, ok := m.(engine.SnapshotMachine)
	if !ok {
		t.Fatalf("the machine is a %T, which cannot be kept", m)
	}
	start := time.Now()
	if ok, err := machine.Snapshot(t.Context(), name, []byte("note of "+name)); err != nil || !ok {
		t.Errorf("keeping %q: %t, %v", name, ok, err)
	}
	t.Logf("%q was kept after %v", name, time.Since(start).Round(time.Millisecond))
	if err := m.Connect(t.Context(), s.Login); err != nil {
		t.Errorf("connecting to the machine that goes on: %v", err)
	}
	if ok, err := machine.Snapshot(t.Context(), name, nil); err != nil || ok {
		t.Errorf("keeping %q again: %t, %v, want that it is there", name, ok, err)
	}
	if err := m.Connect(t.Context(), s.Login); err != nil {
		t.Errorf("connecting to a machine that was not kept: %v", err)
	}
}

// resumed resumes a machine and logs in to it.
func (s *Subject) resumed(t *testing.T, e engine.Snapshotter, name string) engine.Machine {
	t.Helper()
	start := time.Now()
	m, note, err := e.Resume(t.Context(), s.Spec(t), name)
	if err != nil {
		t.Fatal(err)
	}
	if want := []byte("note of " + name); !bytes.Equal(note, want) {
		t.Errorf("%q: the note is %q, want %q", name, note, want)
	}
	if err := m.Connect(t.Context(), s.Login); err != nil {
		t.Errorf("connecting to %q: %v", name, err)
	}
	t.Logf("%q was logged in to after %v", name, time.Since(start).Round(time.Millisecond))
	return m
}

// snapshots resumes the snapshot that a machine left which is gone.
func (s *Subject) snapshots(t *testing.T) {
	e := s.snapshotter(t)
	if e == nil {
		t.Skip("the engine keeps no machines")
	}
	s.identity(t, e)
	if _, _, err := e.Resume(t.Context(), s.Spec(t), "missing"); !errors.Is(err, engine.ErrNoSnapshot) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("resuming what is not there: %v, want %v and %v", err, engine.ErrNoSnapshot, fs.ErrNotExist)
	}
	stopped, stop := context.WithCancelCause(t.Context())
	stop(errStop)
	if _, _, err := e.Resume(stopped, s.Spec(t), kept); !errors.Is(err, errStop) || errors.Is(err, engine.ErrNoSnapshot) {
		t.Errorf("resuming when it is over: %v, want %v", err, errStop)
	}
	s.wantNothing(t)

	first, second := s.resumed(t, e, kept), s.resumed(t, e, kept)
	s.keep(t, second, "child")
	for _, m := range []engine.Machine{first, second} {
		if err := m.Destroy(t.Context()); err != nil {
			t.Error(err)
		}
	}
	s.wantNothing(t)
	s.destroy(t, s.resumed(t, e, "child"))

	s.Damage(t, "child")
	for _, gone := range []bool{false, true} {
		_, _, err := e.Resume(t.Context(), s.Spec(t), "child")
		if !errors.Is(err, engine.ErrNoSnapshot) || errors.Is(err, fs.ErrNotExist) != gone {
			t.Errorf("resuming what is damaged: %v, want %v, and that it is gone: %t", err, engine.ErrNoSnapshot, gone)
		}
		s.wantNothing(t)
	}
	m := s.resumed(t, e, kept)
	if err := m.Stop(t.Context(), patience, s.Poweroff); err != nil {
		t.Errorf("stopping a machine that was resumed: %v", err)
	}
	s.save(t, m)
	s.destroy(t, m)
}

// identity compares what snapshots of several machines depend on.
func (s *Subject) identity(t *testing.T, e engine.Snapshotter) {
	t.Helper()
	identity := func(spec *engine.Spec) string {
		id, err := e.Identity(t.Context(), spec)
		if err != nil || id == "" {
			t.Errorf("the identity is %q, %v", id, err)
		}
		return id
	}
	other := s.Spec(t)
	other.Size.RAM++
	want := identity(s.Spec(t))
	if got := identity(s.Spec(t)); got != want {
		t.Errorf("the identity is %q, then %q", want, got)
	}
	if identity(other) == want {
		t.Error("a machine with other hardware has the same identity")
	}
}
