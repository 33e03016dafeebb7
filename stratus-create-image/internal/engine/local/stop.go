package local

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// Shutdown brings the machine down cleanly: asked from within by poweroff, and
// if that does not help in the given time, by the power button for as long
// again. It fails with engine.ErrDirty where neither helps or something else ended
// the machine: its disk may then be in any state.
func (m *process) Shutdown(ctx context.Context, patience time.Duration, poweroff func(context.Context) error) error {
	alive, cancel := m.Alive(ctx)
	asked := poweroff(alive)
	cancel()
	if !m.wait(ctx, patience) && ctx.Err() == nil {
		if err := m.monitor.execute(ctx, "system_powerdown", nil, nil); err != nil {
			return fmt.Errorf("%w: %w", engine.ErrDirty, errors.Join(err, asked))
		}
		if !m.wait(ctx, patience) && ctx.Err() == nil {
			return fmt.Errorf("%w: it ignores both poweroff and the power button (%v each)", engine.ErrDirty, patience)
		}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("shutting the machine down: %w", context.Cause(ctx))
	}
	<-m.monitor.closed // every event has been handled
	m.mu.Lock()
	reason := m.shutdown
	m.mu.Unlock()
	if m.exitErr != nil || reason != "guest-shutdown" {
		return fmt.Errorf("%w: %s%s", engine.ErrDirty, m.describeExit(), m.qemuSays())
	}
	return nil
}

// Ended waits at most the given time for QEMU to end, and returns how it did:
// with an error that wraps engine.ErrEnded, or with nil when it still runs.
func (m *process) Ended(patience time.Duration) error {
	if !m.wait(context.Background(), patience) {
		return nil
	}
	return fmt.Errorf("%w: %s%s", engine.ErrEnded, m.describeExit(), m.qemuSays())
}

// wait waits until QEMU has ended, and reports whether it has.
func (m *process) wait(ctx context.Context, patience time.Duration) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-m.exited:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// Destroy ends the machine at once, if it still runs, and waits for its end.
func (m *process) Destroy() {
	select {
	case <-m.exited:
	default:
		// The whole group; an error means that it has just ended.
		_ = syscall.Kill(-m.cmd.Process.Pid, syscall.SIGKILL)
		<-m.exited
	}
	if m.monitor != nil {
		_ = m.monitor.conn.Close()
	}
}
