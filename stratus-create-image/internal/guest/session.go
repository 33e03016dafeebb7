package guest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/shell"
)

// ExitError is the error of a command in the guest that ended with a status other
// than 0, or by a signal.
type ExitError struct {
	Label  string // what ran
	Status int    // -1 where a signal ended it
	Signal string
	Tail   string // the last lines that it printed
}

func (e *ExitError) Error() string {
	if e.Signal != "" {
		return fmt.Sprintf("%s: ended by signal %s", e.Label, e.Signal)
	}
	return fmt.Sprintf("%s: exit status %d", e.Label, e.Status)
}

// Run runs a shell command as root and streams what it prints. The label names
// the command in messages. Its standard input is empty.
func (g *Guest) Run(ctx context.Context, label, command string) error {
	tail := new(tailBuffer)
	err := g.Lines(ctx, label, command, func(line string) {
		tail.add(line)
		g.lines(label, line)
	})
	var exit *ExitError
	if errors.As(err, &exit) {
		exit.Tail = tail.String()
	}
	return err
}

// Lines runs a shell command as root and calls emit with each line that it prints,
// of at most 4096 bytes and not empty, one after the other.
func (g *Guest) Lines(ctx context.Context, label, command string, emit func(line string)) error {
	w := newLineWriter(emit)
	// One stream keeps the order of lines on both.
	err := g.session(ctx, label, "exec 2>&1; "+command, nil, w, io.Discard)
	w.emitLine()
	return err
}

// maxOutput bounds what Output keeps, in bytes.
const maxOutput = 64 << 10

// maxTime bounds commands without a deadline. They take seconds, unless the guest
// is hostile.
const maxTime = 20 * time.Minute

// bounded returns the context with a deadline.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, maxTime, fmt.Errorf("it took longer than %v", maxTime))
}

// Output runs a shell command as root and returns what it prints on standard
// output, at most 64 KiB of it. It ends after 20 minutes, unless the context has
// a deadline.
func (g *Guest) Output(ctx context.Context, label, command string) (string, error) {
	out := &files.Head{Limit: maxOutput}
	err := g.Stream(ctx, label, command, out)
	return string(out.Bytes()), err
}

// Feed is Output with a standard input, all of which the command must read. What is
// secret goes there: everybody in the guest sees the command.
func (g *Guest) Feed(ctx context.Context, label, command string, input io.Reader) (string, error) {
	out := &files.Head{Limit: maxOutput}
	err := g.stream(ctx, label, command, input, out)
	return string(out.Bytes()), err
}

// Stream runs a shell command as root and writes what it prints on standard
// output to w as it comes. w must accept all of it, or end the context. It ends
// when Output would.
func (g *Guest) Stream(ctx context.Context, label, command string, w io.Writer) error {
	return g.stream(ctx, label, command, nil, w)
}

func (g *Guest) stream(ctx context.Context, label, command string, input io.Reader, w io.Writer) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	problems := &files.Head{Limit: maxOutput}
	err := g.session(ctx, label, command, input, w, problems)
	if text := bytes.TrimSpace(problems.Bytes()); err != nil && len(text) > 0 {
		err = fmt.Errorf("%w: %s", err, text)
	}
	return err
}

// session runs one command. When the context ends first, session closes the
// channel and returns the context's cause, without waiting for a guest that may
// never answer; nothing is written to stdout or stderr after session returns.
func (g *Guest) session(ctx context.Context, label, command string, stdin io.Reader, stdout, stderr io.Writer) error {
	out, problems := &gate{w: stdout}, &gate{w: stderr}
	defer out.close()
	defer problems.close()
	s, err := g.start(ctx, label, command, stdin, out, problems)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	done := make(chan error, 1)
	go func() { done <- s.Wait() }()
	select {
	case err = <-done:
	case <-ctx.Done():
		_ = s.Signal(ssh.SIGKILL)
		_ = s.Close()
		return fmt.Errorf("%s: %w", label, context.Cause(ctx))
	}
	var exit *ssh.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit) && exit.Signal() != "":
		return &ExitError{Label: label, Status: -1, Signal: exit.Signal()}
	case errors.As(err, &exit):
		return &ExitError{Label: label, Status: exit.ExitStatus()}
	case ctx.Err() != nil: // start closes the connection then
		return fmt.Errorf("%s: %w", label, context.Cause(ctx))
	default:
		return fmt.Errorf("%s: %w: %w", label, ErrBroken, err)
	}
}

func (g *Guest) start(ctx context.Context, label, command string, stdin io.Reader, stdout, stderr io.Writer) (*ssh.Session, error) {
	if ctx.Err() != nil { // the connection may still be needed
		return nil, fmt.Errorf("%s: %w", label, context.Cause(ctx))
	}
	defer g.closeWith(ctx)()
	s, err := g.client.NewSession()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", label, ErrBroken, errors.Join(context.Cause(ctx), err))
	}
	s.Stdin, s.Stdout, s.Stderr = stdin, stdout, stderr
	if err := s.Start(g.asRoot(command)); err != nil {
		_ = s.Close() // the first error counts
		return nil, fmt.Errorf("%s: starting it: %w", label, errors.Join(context.Cause(ctx), err))
	}
	return s, nil
}

func (g *Guest) asRoot(command string) string {
	// Not every sshd adds the directories of the system's programs for root.
	command = `export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"; ` + command
	if g.user == "root" {
		return command
	}
	return shell.Join("sudo", "-n", "sh", "-c", command)
}

// gate passes writes on until it is closed. A goroutine of package ssh that
// still copies output when a session is given up then ends at its next write.
type gate struct {
	mu     sync.Mutex
	w      io.Writer
	closed bool
}

func (g *gate) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return 0, io.ErrClosedPipe
	}
	return g.w.Write(p)
}

// close waits for the write that is under way.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

// maxLine bounds a line, in bytes; a longer one is cut.
const maxLine = 4096

// lineWriter splits a stream into lines.
type lineWriter struct {
	line []byte
	emit func(string)
}

func newLineWriter(emit func(string)) *lineWriter { return &lineWriter{emit: emit} }

func (w *lineWriter) Write(p []byte) (int, error) {
	for _, c := range p {
		// A carriage return alone redraws a progress line: its states are lines too.
		if c == '\n' || c == '\r' || len(w.line) >= maxLine {
			w.emitLine()
		}
		if c != '\n' && c != '\r' {
			w.line = append(w.line, c)
		}
	}
	return len(p), nil
}

func (w *lineWriter) emitLine() {
	if len(w.line) > 0 {
		w.emit(string(w.line))
		w.line = w.line[:0]
	}
}

// tailBuffer keeps the last lines.
type tailBuffer struct{ lines []string }

func (t *tailBuffer) add(line string) {
	const keep = 10
	t.lines = append(t.lines, line)
	if len(t.lines) > keep {
		t.lines = t.lines[1:]
	}
}

func (t *tailBuffer) String() string { return strings.Join(t.lines, "\n") }
