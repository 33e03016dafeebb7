package command

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/report"
)

// Log writes messages for people to standard error, each line prefixed with
// the command's name. It is a report.Log.
type Log struct {
	mu             sync.Mutex
	w              io.Writer
	name           string
	quiet, verbose bool
}

var _ report.Log = (*Log)(nil)

func newLog(w io.Writer, name string, c *cli.Context) *Log {
	return &Log{w: w, name: name, quiet: c.Bool("quiet"), verbose: c.Bool("verbose")}
}

// Infof says what is being done; --quiet silences it.
func (l *Log) Infof(format string, args ...any) {
	if !l.quiet {
		l.write("", format, args)
	}
}

// Verbosef says what only --verbose asks for.
func (l *Log) Verbosef(format string, args ...any) {
	if l.verbose {
		l.write("", format, args)
	}
}

// Warnf says what the user should look at; nothing silences it.
func (l *Log) Warnf(format string, args ...any) { l.write("warning: ", format, args) }

func (l *Log) write(prefix, format string, args []any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.SplitSeq(prefix+fmt.Sprintf(format, args...), "\n") {
		fmt.Fprintf(l.w, "%s: %s\n", l.name, report.Printable(line))
	}
}
