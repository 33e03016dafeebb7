package enginetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/stratuslab/stratus/lib/digest"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// Steps are the calls of a build, in their order, that a Fake can fail at.
var Steps = []string{"check", "resume", "start", "connect", "snapshot", "stop", "save", "destroy"}

// ErrFake is the error of the step that fails.
var ErrFake = errors.New("the fake engine fails here")

// Fake is an engine without machines. What a machine consists of is counted, as a
// cloud would list it: a port, a disk, the machine itself, and an image that is
// being saved. Its guest is whatever answers at Address.
type Fake struct {
	Address string
	Disk    string // content that Save writes
	// At is the step of Steps that fails; empty for none. Where Stop is nil it fails
	// with ErrFake; else Stop is called, which ends the step's context.
	At   string
	Stop func()
	// Event, if not nil, is called as a machine starts, is kept, is resumed and is saved,
	// with the name of the snapshot or nothing. It does to the guest what that means.
	Event func(step, snapshot string)
	Deaf  bool // machines that are resumed let nobody in
	Full  bool // there is no room for snapshots

	mu        sync.Mutex
	left      []string
	calls     []string
	snapshots map[string][]byte // their notes; nil: it is damaged
}

// Left returns what the fake has made and not yet removed.
func (f *Fake) Left() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.left...)
}

// Calls returns the steps that were taken.
func (f *Fake) Calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.calls...)
}

// step takes a step, in which everything named is made before it can fail.
func (f *Fake) step(ctx context.Context, name string, made ...string) error {
	f.mu.Lock()
	f.calls = append(f.calls, name)
	f.left = append(f.left, made...)
	f.mu.Unlock()
	if name == f.At && f.Stop == nil {
		return fmt.Errorf("%s: %w", name, ErrFake)
	}
	if name == f.At {
		f.Stop()
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", name, context.Cause(ctx))
	}
	return nil
}

// remove removes the last things that were made, in reverse order.
func (f *Fake) remove(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left = f.left[:len(f.left)-n]
}

// Check implements engine.Engine.
func (f *Fake) Check(ctx context.Context, _ *engine.Target) error { return f.step(ctx, "check") }

// Describe implements engine.Engine.
func (f *Fake) Describe(context.Context, *engine.Spec) ([]engine.Line, error) {
	return []engine.Line{{Name: "machine", Text: "none"}}, nil
}

// Start implements engine.Engine.
func (f *Fake) Start(ctx context.Context, spec *engine.Spec) (engine.Machine, error) {
	if err := f.step(ctx, "start", "port", "disk"); err != nil {
		f.remove(2)
		return nil, err
	}
	if _, err := os.Stat(spec.Base.Path); err != nil {
		f.remove(2)
		return nil, err
	}
	f.mu.Lock()
	f.left = append(f.left, "machine")
	f.mu.Unlock()
	f.event("start", "")
	return &fakeMachine{fake: f, spec: spec, ended: make(chan struct{})}, nil
}

func (f *Fake) event(step, snapshot string) {
	if f.Event != nil {
		f.Event(step, snapshot)
	}
}

type fakeMachine struct {
	fake      *Fake
	spec      *engine.Spec
	resumed   bool
	ended     chan struct{} // closed when the machine has stopped
	destroyed bool
}

func (m *fakeMachine) Connect(ctx context.Context, login func(context.Context, string) error) error {
	if err := m.fake.step(ctx, "connect"); err != nil {
		return err
	}
	if m.resumed && m.fake.Deaf {
		return fmt.Errorf("the machine does not answer: %w", ErrFake)
	}
	return login(ctx, m.fake.Address)
}

func (m *fakeMachine) Alive(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	go func() {
		select {
		case <-m.ended:
			cancel(engine.ErrEnded)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

func (m *fakeMachine) Console(context.Context, int) []string { return []string{"fake login:"} }

func (m *fakeMachine) Hardware() engine.Hardware {
	return engine.Hardware{Bus: engine.Virtio, Firmware: "bios"}
}

func (m *fakeMachine) Stop(ctx context.Context, _ time.Duration, poweroff func(context.Context) error) error {
	if err := poweroff(ctx); err != nil {
		return fmt.Errorf("%w: %w", engine.ErrDirty, err)
	}
	if err := m.fake.step(ctx, "stop"); err != nil {
		return err
	}
	close(m.ended)
	return nil
}

func (m *fakeMachine) Save(ctx context.Context, _ *engine.Target, out *os.File, progress io.Writer) (diskimage.Image, error) {
	defer m.fake.remove(1)
	if err := m.fake.step(ctx, "save", "image"); err != nil {
		return diskimage.Image{}, err
	}
	m.fake.event("save", "")
	if _, err := out.WriteString(m.fake.Disk); err != nil {
		return diskimage.Image{}, err
	}
	if _, err := out.Seek(0, io.SeekStart); err != nil {
		return diskimage.Image{}, err
	}
	return digest.Raw(ctx, out, progress)
}

func (m *fakeMachine) Keep() (engine.Kept, error) {
	return engine.Kept{Name: "fake 1", Address: m.fake.Address, Stop: []string{"true"}}, nil
}

func (m *fakeMachine) Destroy(ctx context.Context) error {
	if m.destroyed {
		return nil
	}
	if err := m.fake.step(ctx, "destroy"); err != nil {
		return report.WithHint(err, "remove the machine yourself")
	}
	m.destroyed = true
	m.fake.remove(3)
	return nil
}
