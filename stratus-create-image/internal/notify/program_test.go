package notify

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestProgram(t *testing.T) {
	big := []byte(strings.Repeat("0123456789", 100_000)) // more than a pipe holds
	for name, test := range map[string]struct{ script, want string }{
		"both streams":          {"wc -c; echo x >&2", "1000000\nx\n"},
		"does not read":         {"true", ""},
		"leaves something open": {"sleep 30 & echo done", "done\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := runProgram(t.Context(), time.Minute, big, &out, "sh", "-c", test.script); err != nil ||
				out.String() != test.want {
				t.Errorf("%q, %v, want %q", out.String(), err, test.want)
			}
		})
	}
}

func TestProgramFails(t *testing.T) {
	var exit *exec.ExitError
	if err := runProgram(t.Context(), time.Minute, nil, new(strings.Builder), "sh", "-c", "exit 7"); !errors.As(err, &exit) ||
		exit.ExitCode() != 7 {
		t.Errorf("got %v, want exit code 7", err)
	}
	if err := runProgram(t.Context(), time.Minute, nil, new(strings.Builder), filepath.Join(t.TempDir(), "absent")); !errors.Is(
		err,
		os.ErrNotExist,
	) {
		t.Errorf("got %v, want %v", err, os.ErrNotExist)
	}
}

// TestProgramEnds makes sure that all the processes of a program end: as long as one
// of them lives, it holds the pipe open.
func TestProgramEnds(t *testing.T) {
	stop := errors.New("enough")
	for name, test := range map[string]struct {
		limit time.Duration
		cause error
		want  string
	}{
		"limit":   {300 * time.Millisecond, nil, "it took longer than 300ms"},
		"context": {time.Hour, stop, "enough"},
	} {
		t.Run(name, func(t *testing.T) {
			reader, writer, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer reader.Close()
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			if test.cause != nil {
				defer time.AfterFunc(300*time.Millisecond, func() { cancel(test.cause) }).Stop()
			}
			err = runProgram(ctx, test.limit, nil, writer, "sh", "-c", "sleep 1000 & sleep 1000 & wait")
			_ = writer.Close()
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if err := reader.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			if n, err := reader.Read(make([]byte, 1)); n != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("something still runs: %d, %v", n, err)
			}
		})
	}
}
