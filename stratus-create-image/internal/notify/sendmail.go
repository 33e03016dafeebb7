package notify

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"time"

	"github.com/stratuslab/stratus/lib/files"
)

// Sendmail sends mail with the program sendmail, which every mail server for Unix
// has.
type Sendmail struct {
	Path  string
	Limit time.Duration // 0 for one minute
}

// FindSendmail looks for the program, which is often in a directory that only
// administrators have in their PATH.
func FindSendmail() (*Sendmail, error) {
	for _, name := range []string{"sendmail", "/usr/sbin/sendmail", "/usr/lib/sendmail"} {
		if path, err := exec.LookPath(name); err == nil {
			return &Sendmail{Path: path}, nil
		}
	}
	return nil, errors.New("there is no program sendmail, neither in PATH nor in /usr/sbin and /usr/lib")
}

// Send passes the message to the program, which reads the recipient from it.
func (s *Sendmail) Send(ctx context.Context, m *Message) error {
	// Programs expect the line ends of the system.
	input := bytes.ReplaceAll(m.data, []byte("\r\n"), []byte("\n"))
	output := &files.Head{Limit: maxOutput}
	if err := runProgram(ctx, cmp.Or(s.Limit, defaultLimit), input, output, s.Path, "-i", "-t"); err != nil {
		if text := bytes.TrimSpace(output.Bytes()); len(text) > 0 {
			err = fmt.Errorf("%w: %s", err, text)
		}
		return fmt.Errorf("sending with %q: %w", s.Path, err)
	}
	return nil
}

// maxOutput bounds what an error contains of the program's output, in bytes.
const maxOutput = 1 << 10

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
