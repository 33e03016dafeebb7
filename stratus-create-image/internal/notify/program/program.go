// Package program runs a program of the user's on some input, within a time. It
// must not know what the input says.
package program

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

// leftOpen is how long what a program left behind may keep its output open.
const leftOpen = time.Second

// Run runs the program with the input on its standard input, and gives what it
// prints, on either stream, to output. A program that takes longer than limit
// is killed with all that it started.
func Run(ctx context.Context, limit time.Duration, input []byte, output io.Writer, name string, args ...string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it takes longer than %v", limit))
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
	case errors.Is(err, exec.ErrWaitDelay): // it has ended well, and left something in the background
		return nil
	}
	return err
}
