package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/stratuslab/stratus/lib/report"
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

// exitCodes are the codes of errors, by kind.
var exitCodes = map[report.Kind]int{
	report.Failed:      ExitFailed,
	report.Usage:       ExitUsage,
	report.BadInput:    ExitBadInput,
	report.Credentials: ExitCredentials,
	report.Refused:     ExitRefused,
	report.Unreachable: ExitUnreachable,
}

func exitCode(err error) int { return exitCodes[report.KindOf(err)] }

// interrupt is the cause of a context that a signal cancelled.
type interrupt struct{ signal syscall.Signal }

func (i interrupt) Error() string {
	if i.signal == syscall.SIGINT {
		return "interrupted"
	}
	return "terminated"
}

// printError writes the error and every hint of its chain, outermost first, and
// returns the exit code.
func printError(ctx context.Context, w io.Writer, name string, err error) int {
	var cause interrupt
	if errors.As(context.Cause(ctx), &cause) {
		fmt.Fprintf(w, "%s: %s\n", name, report.Printable(describeInterrupt(cause, err)))
		return 128 + int(cause.signal)
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(w, "%s: %s\n", name, report.Printable(strings.TrimRight(line, "\n")))
	}
	for _, hint := range report.Hints(err) {
		fmt.Fprintf(w, "%s: hint: %s\n", name, report.Printable(hint))
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
