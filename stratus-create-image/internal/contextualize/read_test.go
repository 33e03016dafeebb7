package contextualize

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestReadEnds: a pipe that nobody writes to does not outlast the context.
func TestReadEnds(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	stopped := errors.New("stopped by the user")
	for name, read := range map[string]func(context.Context) error{
		"user data": func(ctx context.Context) error { _, err := ReadUserData(ctx, []string{pipe}); return err },
		"key":       func(ctx context.Context) error { _, err := ReadKey(ctx, pipe); return err },
	} {
		// Whoever waits all the same is given an empty file.
		const patience = 30 * time.Second
		late := time.AfterFunc(patience, func() { _ = os.WriteFile(pipe, nil, 0o600) })
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(stopped)
		if err := read(ctx); !errors.Is(err, stopped) {
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
