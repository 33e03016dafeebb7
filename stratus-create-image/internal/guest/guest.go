// Package guest talks to a running machine over ssh: it waits until it answers,
// runs commands, streams what they print, and copies files. It must not know
// what starts the machine, nor why it is being changed.
package guest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/lib/shell"
)

// Login says where a guest is and how both sides prove who they are.
type Login struct {
	Address string // host:port
	User    string
	Keys    []ssh.Signer
	HostKey ssh.PublicKey // the only host key that is accepted; nil: any, where nobody else can answer
}

// Guest is a machine we are logged in to.
type Guest struct {
	HostKey ssh.PublicKey // that it has shown

	client *ssh.Client
	user   string
	lines  func(label, line string)
}

// attemptTime bounds one attempt to connect: a booting guest may accept the
// connection long before it answers.
const attemptTime = 30 * time.Second

// retryAfter is the pause between attempts that were turned down. Nothing on
// this side of the network can tell when the guest starts to listen.
const retryAfter = time.Second

// Wait tries to log in until it succeeds or the context ends; the error then
// tells what the last attempt met. lines receives what commands print.
func Wait(ctx context.Context, login Login, lines func(label, line string)) (*Guest, error) {
	last := errors.New("no answer yet")
	for {
		g := &Guest{user: login.User, lines: lines}
		err := g.dial(ctx, login)
		if err == nil {
			return g, nil
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("logging in as %q over ssh: %w; the last attempt: %w", login.User, context.Cause(ctx), last)
		case <-time.After(retryAfter):
		}
	}
}

func (g *Guest) dial(ctx context.Context, login Login) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", login.Address)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	c, channels, requests, err := ssh.NewClientConn(conn, login.Address, g.config(login))
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	g.client = ssh.NewClient(c, channels, requests)
	return nil
}

func (g *Guest) config(login Login) *ssh.ClientConfig {
	config := &ssh.ClientConfig{
		User: login.User,
		Auth: []ssh.AuthMethod{ssh.PublicKeys(login.Keys...)},
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			g.HostKey = key
			return nil
		},
	}
	if login.HostKey != nil {
		g.HostKey = login.HostKey
		config.HostKeyCallback = ssh.FixedHostKey(login.HostKey)
		config.HostKeyAlgorithms = []string{login.HostKey.Type()}
	}
	return config
}

// ErrBroken says that the connection ended while it was needed.
var ErrBroken = errors.New("the connection to the guest broke")

// Close ends the connection.
func (g *Guest) Close() { _ = g.client.Close() }

// closeWith ends the connection when the context ends, until stop is called:
// nothing less ends the wait for a guest that does not answer.
func (g *Guest) closeWith(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, g.Close)
}

// ExitError says that a command in the guest ended with a status other than 0,
// or was ended by a signal.
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
// it in messages. It has nothing on its standard input.
func (g *Guest) Run(ctx context.Context, label, command string) error {
	tail := new(tailBuffer)
	w := newLineWriter(func(line string) {
		tail.add(line)
		g.lines(label, line)
	})
	// One stream, or the order of what stands on both would be lost.
	err := g.session(ctx, label, "exec 2>&1; "+command, w, io.Discard)
	w.emitLine()
	var exit *ExitError
	if errors.As(err, &exit) {
		exit.Tail = tail.String()
	}
	return err
}

// maxOutput bounds what Output keeps, in bytes.
const maxOutput = 64 << 10

// maxTime bounds commands of our own, which take seconds where a guest is what
// it seems; unless the context has a deadline.
const maxTime = 20 * time.Minute

// bounded is the context with a deadline.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, maxTime, fmt.Errorf("it took longer than %v", maxTime))
}

// Output runs a shell command as root and returns what it prints on standard
// output, at most 64 KiB of it. It ends after 20 minutes, where the context
// says nothing else.
func (g *Guest) Output(ctx context.Context, label, command string) (string, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	var out, problems bytes.Buffer
	err := g.session(ctx, label, command, &limitedWriter{&out, maxOutput}, &limitedWriter{&problems, maxOutput})
	if err != nil && problems.Len() > 0 {
		err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(problems.Bytes()))
	}
	return out.String(), err
}

// session runs one command. When the context ends first, session closes the
// channel and returns the context's cause, without waiting for a guest that may
// never answer; nothing is written to stdout or stderr after session returns.
func (g *Guest) session(ctx context.Context, label, command string, stdout, stderr io.Writer) error {
	out, problems := &gate{w: stdout}, &gate{w: stderr}
	defer out.close()
	defer problems.close()
	s, err := g.start(ctx, label, command, out, problems)
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
	default:
		return fmt.Errorf("%s: %w: %w", label, ErrBroken, err)
	}
}

func (g *Guest) start(ctx context.Context, label, command string, stdout, stderr io.Writer) (*ssh.Session, error) {
	if ctx.Err() != nil { // the connection may still be needed
		return nil, fmt.Errorf("%s: %w", label, context.Cause(ctx))
	}
	defer g.closeWith(ctx)()
	s, err := g.client.NewSession()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", label, ErrBroken, errors.Join(context.Cause(ctx), err))
	}
	s.Stdout, s.Stderr = stdout, stderr
	if err := s.Start(g.asRoot(command)); err != nil {
		_ = s.Close() // the first error counts
		return nil, fmt.Errorf("%s: starting it: %w", label, errors.Join(context.Cause(ctx), err))
	}
	return s, nil
}

func (g *Guest) asRoot(command string) string {
	// Not every sshd gives root the directories of the system's programs.
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

// limitedWriter drops what goes beyond the limit.
type limitedWriter struct {
	b    *bytes.Buffer
	left int
}

func (w *limitedWriter) Write(p []byte) (int, error) {
	keep := p[:min(len(p), w.left)]
	w.left -= len(keep)
	w.b.Write(keep)
	return len(p), nil
}

// maxLine is where a line without an end is cut, in bytes.
const maxLine = 4096

// lineWriter cuts a stream into lines.
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
