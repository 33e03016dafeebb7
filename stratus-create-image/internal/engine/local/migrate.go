package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// saveState writes the state of the devices of a machine that is stopped to a file. The
// memory, which QEMU shares with a file, is not in it.
func (m *process) saveState(ctx context.Context, state *os.File) error {
	if err := m.migrate(ctx, state, "migrate"); err != nil {
		return err
	}
	// The machine can go on a little after the event, and there is none for that.
	for {
		var now struct {
			Status string `json:"status"`
		}
		if err := m.monitor.execute(ctx, "query-status", nil, &now); err != nil || now.Status != "finish-migrate" {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

// loadState reads the state of the devices from a file, into a QEMU that waits for it.
func (m *process) loadState(ctx context.Context, state *os.File) error {
	return m.migrate(ctx, state, "migrate-incoming")
}

func (m *process) migrate(ctx context.Context, state *os.File, command string) error {
	type capability struct {
		Capability string `json:"capability"`
		State      bool   `json:"state"`
	}
	capabilities := []capability{{"x-ignore-shared", true}, {"events", true}}
	if err := m.monitor.execute(ctx, "migrate-set-capabilities", map[string]any{"capabilities": capabilities}, nil); err != nil {
		return err
	}
	if err := m.monitor.executeWith(ctx, state, "getfd", map[string]string{"fdname": "state"}, nil); err != nil {
		return err
	}
	if err := m.monitor.execute(ctx, command, map[string]string{"uri": "fd:state"}, nil); err != nil {
		return err
	}
	select {
	case status := <-m.migrated:
		if status != "completed" {
			return fmt.Errorf("waiting for QEMU's %s: it %s", command, status)
		}
		return nil
	case <-m.exited:
		return fmt.Errorf("waiting for QEMU's %s: %w: %s", command, engine.ErrEnded, m.describeExit())
	case <-ctx.Done():
		return errors.Join(context.Cause(ctx), m.monitor.conn.Close())
	}
}
