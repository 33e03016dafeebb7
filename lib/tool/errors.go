package tool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
)

// Exit codes of every stratus command. An interrupted command ends with 128
// plus the signal's number: 130 for SIGINT, 143 for SIGTERM.
const (
	ExitDone        = 0 // the product is whole
	ExitFailed      = 1 // failed for a reason none of the others names
	ExitUsage       = 2 // the command line cannot be used
	ExitBadInput    = 3 // an image, document or manifest is not what it should be
	ExitCredentials = 4 // credentials or trust
	ExitRefused     = 5 // the remote side refused
	ExitUnreachable = 6 // the remote side cannot be reached; trying again may help
)

// Error is an error that knows the command's exit code and, where the user can
// act on it, what to do next.
type Error struct {
	Code int    // one of the Exit constants
	Hint string // what to type or change next; empty when there is nothing to say
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Usagef makes an error about the command line.
func Usagef(format string, args ...any) error {
	return &Error{Code: ExitUsage, Err: fmt.Errorf(format, args...)}
}

// BadInputf makes an error about what was read.
func BadInputf(format string, args ...any) error {
	return &Error{Code: ExitBadInput, Err: fmt.Errorf(format, args...)}
}

// WithHint adds a hint to an error and keeps its exit code.
func WithHint(err error, format string, args ...any) error {
	return &Error{Code: exitCode(err), Hint: fmt.Sprintf(format, args...), Err: err}
}

// exitCode is the code of the outermost Error in the chain, else ExitFailed.
func exitCode(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ExitFailed
}

// interrupt is the cause of a context that a signal cancelled.
type interrupt struct{ signal syscall.Signal }

func (i interrupt) Error() string {
	if i.signal == syscall.SIGINT {
		return "interrupted"
	}
	return "terminated"
}

// report writes the error and every hint of its chain, outermost first, and
// returns the exit code.
func report(ctx context.Context, w io.Writer, name string, err error) int {
	var cause interrupt
	if errors.As(context.Cause(ctx), &cause) {
		fmt.Fprintf(w, "%s: %s\n", name, Printable(describeInterrupt(cause, err)))
		return 128 + int(cause.signal)
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(w, "%s: %s\n", name, Printable(strings.TrimRight(line, "\n")))
	}
	for e := err; e != nil; {
		var next *Error
		if !errors.As(e, &next) {
			break
		}
		if next.Hint != "" {
			fmt.Fprintf(w, "%s: hint: %s\n", name, Printable(next.Hint))
		}
		e = next.Err
	}
	if exitCode(err) == ExitUsage {
		fmt.Fprintf(w, "%s: hint: %q lists the options\n", name, name+" --help")
	}
	return exitCode(err)
}

// describeInterrupt says what the signal stopped, unless all that is known is
// that the context ended.
func describeInterrupt(cause interrupt, err error) string {
	if err.Error() == context.Canceled.Error() || err.Error() == cause.Error() {
		return cause.Error()
	}
	return cause.Error() + ": " + strings.TrimSuffix(err.Error(), ": "+cause.Error())
}
