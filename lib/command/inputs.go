package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/report"
)

// StdinName stands for standard input in messages.
const StdinName = "<stdin>"

// Inputs returns the files that the command line names, or "-" where it names
// none. Standard input may be named once.
func (c *Call) Inputs() ([]string, error) {
	names := c.Args().Slice()
	if len(names) == 0 {
		return []string{"-"}, nil
	}
	if n := slices.Index(names, "-"); n >= 0 && slices.Contains(names[n+1:], "-") {
		return nil, report.Usagef("standard input is named twice")
	}
	return names, nil
}

// Open opens the named file for reading; "-" is standard input, which must not
// be a terminal. what says what is expected of it, such as "an image". The
// name it returns is the one for messages.
func (c *Call) Open(name, what string) (r io.ReadCloser, display string, err error) {
	if name != "-" {
		f, err := files.Await(c.Ctx, func() (*os.File, error) { return os.Open(name) }) // for the writer of a pipe
		if c.Ctx.Err() != nil {
			return nil, name, context.Cause(c.Ctx)
		}
		if err != nil {
			return nil, name, report.BadInputf("opening %s, %q: %w", what, name, files.WithoutName(err))
		}
		switch info, err := f.Stat(); {
		case err == nil && info.IsDir():
			return nil, name, errors.Join(report.BadInputf("opening %s: %q is a directory", what, name), f.Close())
		case err == nil && !info.Mode().IsRegular():
			return interruptible(c.Ctx, f), name, nil
		}
		return f, name, nil
	}
	if f, ok := c.In.(*os.File); ok && isTerminal(f) {
		return nil, StdinName, report.WithHint(report.Usagef("reading %s from standard input: it is a terminal", what),
			"name a file, or pipe the data in")
	}
	return interruptible(c.Ctx, c.In), StdinName, nil
}

// Read reads the whole of what Open opens, which must be at most limit bytes
// long.
func (c *Call) Read(name, what string, limit int64) (data []byte, display string, err error) {
	r, display, err := c.Open(name, what)
	if err != nil {
		return nil, display, err
	}
	defer func() { _ = r.Close() }()
	data, err = io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, display, fmt.Errorf("reading %q: %w", display, err)
	}
	if int64(len(data)) > limit {
		return nil, display, report.BadInputf("reading %q: more than %d bytes, which is too long for %s", display, limit, what)
	}
	return data, display, nil
}

// interruptible lets the end of the context end a read that waits for a pipe,
// perhaps for ever. The read itself stays behind in its goroutine.
func interruptible(ctx context.Context, r io.Reader) io.ReadCloser {
	pr, pw := io.Pipe()
	stop := context.AfterFunc(ctx, func() { pw.CloseWithError(context.Cause(ctx)) })
	go func() {
		defer stop()
		_, err := io.CopyBuffer(pw, struct{ io.Reader }{r}, make([]byte, 256<<10))
		pw.CloseWithError(err)
	}()
	return pr
}
