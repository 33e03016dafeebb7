package tool

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"

	"github.com/urfave/cli/v2"
)

// Log writes messages for people to standard error, each line prefixed with
// the command's name. Its methods may be called from several goroutines.
type Log struct {
	mu             sync.Mutex
	w              io.Writer
	name           string
	quiet, verbose bool
}

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
		fmt.Fprintf(l.w, "%s: %s\n", l.name, Printable(line))
	}
}

// Printable replaces what could come from a guest or a document and would drive
// the user's terminal: control characters, and those that turn the direction of
// the text around them.
func Printable(line string) string {
	return strings.Map(func(r rune) rune {
		if drives(r) {
			return '\uFFFD'
		}
		return r
	}, line)
}

func drives(r rune) bool {
	return unicode.IsControl(r) && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
}

// PrintableJSON does the same for a line of JSON without loss: it escapes those
// characters.
func PrintableJSON(line []byte) string {
	var b strings.Builder
	for _, r := range string(line) {
		if drives(r) {
			fmt.Fprintf(&b, `\u%04x`, r) // all are below U+10000
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
