// Package enginetest checks that an engine keeps the contract of package engine,
// and has an engine without machines that fails where a test wants it to. It is
// for tests only.
package enginetest

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/digest"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// Subject is the engine to check.
type Subject struct {
	Engine engine.Engine
	// Spec returns a machine to start, with a directory of its own. Its base has an
	// ssh server.
	Spec func(t *testing.T) *engine.Spec
	// Login waits until the ssh server at the address lets it in.
	Login func(ctx context.Context, address string) error
	// Poweroff shuts the guest down that Login has logged in to.
	Poweroff func(ctx context.Context) error
	// Settle logs out of the guest, which is idle then, and Damage changes the named
	// snapshot. Both are only for engines that keep snapshots.
	Settle func(ctx context.Context) error
	Damage func(t *testing.T, name string)
	// Left returns what there is of machines, and of what belongs to them.
	Left func(t *testing.T) []string
}

// errStop is the cause of contexts that end.
var errStop = errors.New("stopped by the test")

// patience is how long a guest may take to shut down.
const patience = 2 * time.Minute

// Run checks the contract. It boots one machine, and starts some more that it
// destroys at once. Where the engine keeps snapshots and Spec has a place for them, a
// snapshot with the name "kept" is left.
func Run(t *testing.T, s *Subject) {
	t.Run("describe", s.describe)
	t.Run("start", s.start)
	t.Run("connect", s.connect)
	t.Run("stop", s.stop)
	t.Run("whole", s.whole)
	t.Run("snapshots", s.snapshots)
}

// wantNothing fails if anything is left of the machines.
func (s *Subject) wantNothing(t *testing.T) {
	t.Helper()
	if left := s.Left(t); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// destroy destroys the machine, twice, and checks that nothing is left.
func (s *Subject) destroy(t *testing.T, m engine.Machine) {
	t.Helper()
	for range 2 {
		if err := m.Destroy(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("destroying: %v", err)
		}
	}
	s.wantNothing(t)
}

// started returns a machine.
func (s *Subject) started(t *testing.T) engine.Machine {
	t.Helper()
	m, err := s.Engine.Start(t.Context(), s.Spec(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Left(t)) == 0 {
		t.Error("nothing is there of a machine that runs: Left finds nothing")
	}
	return m
}

func (s *Subject) describe(t *testing.T) {
	if err := s.Engine.Check(t.Context(), nil); err != nil {
		t.Errorf("checking without a target: %v", err)
	}
	target, err := engine.ParseTarget("x.qcow2", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Engine.Check(t.Context(), target); err != nil {
		t.Errorf("checking for a target: %v", err)
	}
	absent := s.Spec(t)
	absent.Dir, absent.Base.Path, absent.Base.Absent = "/WORKDIR", "/missing/base", true
	for _, spec := range []*engine.Spec{s.Spec(t), absent} {
		lines, err := s.Engine.Describe(t.Context(), spec)
		if err != nil || len(lines) == 0 || lines[0].Name != "machine" || lines[0].Text == "" {
			t.Errorf("describing: %q, %v, want a line for the machine first", lines, err)
		}
	}
	s.wantNothing(t)
}

func (s *Subject) start(t *testing.T) {
	stopped, stop := context.WithCancelCause(t.Context())
	stop(errStop)
	if _, err := s.Engine.Start(stopped, s.Spec(t)); !errors.Is(err, errStop) {
		t.Errorf("starting when it is over: %v, want %v", err, errStop)
	}
	s.wantNothing(t)
	missing := s.Spec(t)
	missing.Base.Path = filepath.Join(t.TempDir(), "missing")
	if _, err := s.Engine.Start(t.Context(), missing); err == nil {
		t.Error("a machine without a base has started")
	}
	s.wantNothing(t)
}

func (s *Subject) connect(t *testing.T) {
	m := s.started(t)
	refused := errors.New("the test does not log in")
	err := m.Connect(t.Context(), func(_ context.Context, address string) error {
		if !strings.Contains(address, ":") {
			t.Errorf("the address is %q", address)
		}
		return refused
	})
	if !errors.Is(err, refused) {
		t.Errorf("connecting: %v, want what login returns", err)
	}
	m.Console(t.Context(), 10) // whatever it says, it can be asked
	s.destroy(t, m)

	m = s.started(t)
	ctx, stop := context.WithCancelCause(t.Context())
	err = m.Connect(ctx, func(booting context.Context, _ string) error {
		stop(errStop)
		<-booting.Done()
		return context.Cause(booting)
	})
	if !errors.Is(err, errStop) {
		t.Errorf("connecting when it is over: %v, want %v", err, errStop)
	}
	s.destroy(t, m)
}

func (s *Subject) stop(t *testing.T) {
	m := s.started(t)
	ctx, stop := context.WithCancelCause(t.Context())
	err := m.Stop(ctx, patience, func(context.Context) error {
		stop(errStop)
		return nil
	})
	if !errors.Is(err, errStop) || errors.Is(err, engine.ErrDirty) {
		t.Errorf("stopping when it is over: %v, want %v", err, errStop)
	}
	m.Console(t.Context(), 10)
	s.destroy(t, m)
}

// whole goes all the way that a build goes.
func (s *Subject) whole(t *testing.T) {
	m := s.started(t)
	if err := m.Connect(t.Context(), s.Login); err != nil {
		t.Errorf("connecting: %v\n%s", err, strings.Join(m.Console(t.Context(), 20), "\n"))
		s.destroy(t, m)
		return
	}
	h := m.Hardware()
	if !slices.Contains([]string{engine.Virtio, "scsi", "ide", "sata"}, h.Bus) || h.Firmware != "bios" && h.Firmware != "uefi" {
		t.Errorf("the hardware is %+v", h)
	}
	if lines := m.Console(t.Context(), 3); len(lines) == 0 || len(lines) > 3 {
		t.Errorf("the console's last 3 lines are %q", lines)
	}
	if s.snapshotter(t) != nil {
		s.keep(t, m, kept)
	}
	alive, cancel := m.Alive(t.Context())
	defer cancel()
	if alive.Err() != nil {
		t.Errorf("a machine that runs has ended: %v", context.Cause(alive))
	}
	if err := m.Stop(t.Context(), patience, s.Poweroff); err != nil {
		t.Errorf("stopping: %v", err)
	}
	select {
	case <-alive.Done():
		if cause := context.Cause(alive); !errors.Is(cause, engine.ErrEnded) {
			t.Errorf("the machine has ended with %v, want %v", cause, engine.ErrEnded)
		}
	case <-time.After(patience):
		t.Error("a machine that was stopped has not ended")
	}
	s.save(t, m)
	s.destroy(t, m)
}

// save saves the disk when it is over, and once more.
func (s *Subject) save(t *testing.T, m engine.Machine) {
	t.Helper()
	target := &engine.Target{Path: filepath.Join(t.TempDir(), "image.qcow2"), Format: diskimage.Qcow2}
	stopped, stop := context.WithCancelCause(t.Context())
	stop(errStop)
	out, err := os.Create(target.Path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Save(stopped, target, out, io.Discard); !errors.Is(err, errStop) {
		t.Errorf("saving when it is over: %v, want %v", err, errStop)
	}
	_ = out.Close()
	if out, err = os.Create(target.Path); err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	got, err := m.Save(t.Context(), target, out, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	want, err := digest.Raw(t.Context(), out)
	if diff := cmp.Diff(want, got); err != nil || diff != "" || want.Bytes == 0 {
		t.Errorf("digests of %d bytes (-want +got), %v:\n%s", want.Bytes, err, diff)
	}
}
