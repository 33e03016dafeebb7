package build

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestReadContextEnds: a pipe that nobody writes to does not outlast the
// context.
func TestReadContextEnds(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	stopped := errors.New("stopped by the user")
	for name, c := range map[string]Context{"--user-data": {UserData: []string{pipe}}, "--key": {Key: pipe}} {
		// Whoever waits all the same is given an empty file.
		const patience = 30 * time.Second
		late := time.AfterFunc(patience, func() { _ = os.WriteFile(pipe, nil, 0o600) })
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(stopped)
		if _, err := c.read(ctx, t.Logf); !errors.Is(err, stopped) {
			t.Errorf("%s: %v", name, err)
		}
		late.Stop()
	}
	// Lets those go that still open it.
	f, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
