package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"time"
)

// leftOpen is how long a process that outlives its program may keep the output
// open.
const leftOpen = time.Second

// runProgram runs a program with the input on its standard input, and writes
// what it prints on either stream to output. A program that takes longer than
// limit is killed together with all processes that it started.
func runProgram(ctx context.Context, limit time.Duration, input []byte, output io.Writer, name string, args ...string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it took longer than %v", limit))
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), output, output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = leftOpen
	err := cmd.Run()
	switch {
	case ctx.Err() != nil && err != nil:
		return context.Cause(ctx)
	case errors.Is(err, exec.ErrWaitDelay): // it ended well, and something in the background outlives it
		return nil
	}
	return err
}
