package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/report"
)

// writer prints what is found.
type writer struct {
	entry func(entry.Summary) error
	end   func() error
}

// printer chooses the form.
func printer(c *command.Call, now time.Time) (writer, error) {
	done := func() error { return nil }
	switch {
	case c.Bool("json") && c.Bool("table"):
		return writer{}, report.Usagef("--json and --table exclude each other")
	case c.Bool("json"):
		return writer{func(s entry.Summary) error { return printJSON(c.Out, s, now) }, done}, nil
	case c.Bool("table") || isTerminal(c.Out):
		return table(c.Out, now), nil
	}
	return writer{identifiers(c.Out), done}, nil
}

// identifiers prints each one once, however many endorse it.
func identifiers(w io.Writer) func(entry.Summary) error {
	seen := make(map[string]bool)
	return func(s entry.Summary) error {
		if seen[s.Identifier] {
			return nil
		}
		seen[s.Identifier] = true
		return printLine(w, s.Identifier)
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func printLine(w io.Writer, line string) error {
	if _, err := fmt.Fprintln(w, line); err != nil {
		return fmt.Errorf("writing to standard output: %w", err)
	}
	return nil
}

func printJSON(w io.Writer, s entry.Summary, now time.Time) error {
	line, err := json.Marshal(struct {
		entry.Summary
		Status entry.Status `json:"status"`
	}{s, s.Status(now)})
	if err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return printLine(w, report.PrintableJSON(line))
}

// table aligns its columns, and so prints at the end.
func table(w io.Writer, now time.Time) writer {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(cells ...any) error {
		for i, cell := range cells {
			text := report.Printable(fmt.Sprint(cell)) // without tabs and line ends, too
			if i > 0 {
				text = "\t" + text
			}
			if _, err := io.WriteString(t, text); err != nil {
				return fmt.Errorf("writing to standard output: %w", err)
			}
		}
		return printLine(t, "")
	}
	headed := false
	return writer{
		entry: func(s entry.Summary) error {
			if !headed {
				headed = true
				if err := row("IDENTIFIER", "OS", "ARCH", "VERSION", "STATUS", "CREATED", "ENDORSER", "TITLE"); err != nil {
					return err
				}
			}
			return row(s.Identifier, s.OS+" "+s.OSVersion, s.OSArch, s.Version, s.Status(now), s.Created, s.Email, s.Title)
		},
		end: func() error {
			if err := t.Flush(); err != nil {
				return fmt.Errorf("writing to standard output: %w", err)
			}
			return nil
		},
	}
}
