// Package commandtest holds what the tests of every command need: its scripts, and
// that its help and its man page tell the truth about each other. It is for
// tests only and must not know any command.
package commandtest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/peers"
)

// ManPage tests the command's man page, a file in mdoc: it lists the options
// of the help with the same aliases and values and in the same order, has the
// usual sections, and can be formatted without warnings.
func ManPage(t *testing.T, c *command.Program, page string) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("options", func(t *testing.T) {
		inHelp := helpOptions(t, c)
		if diff := cmp.Diff(inHelp, pageOptions(string(text))); diff != "" || len(inHelp) == 0 {
			t.Errorf("options (-help +man page):\n%s", diff)
		}
	})
	t.Run("sections", func(t *testing.T) { checkSections(t, string(text)) })
	t.Run("format", func(t *testing.T) { checkFormat(t, c.Name, page) })
}

// helpOptions returns the lines of the command's help that name options.
func helpOptions(t *testing.T, c *command.Program) []string {
	t.Helper()
	var out, errs bytes.Buffer
	code := command.Run(context.Background(), c, []string{"--help"}, command.Streams{In: &out, Out: &out, Err: &errs})
	if code != 0 || errs.Len() > 0 {
		t.Fatalf("--help: exit %d, %s", code, errs.String())
	}
	var options []string
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "  -") {
			options = append(options, strings.TrimSpace(line))
		}
	}
	return options
}

var item = regexp.MustCompile(`(?m)^\.It Fl (.*)$`)

// pageOptions returns the items of a man page that name options, as the help
// would print them.
func pageOptions(text string) []string {
	var options []string
	for _, found := range item.FindAllStringSubmatch(text, -1) {
		names, value, valued := strings.Cut(found[1], " Ar ")
		option := "-" + strings.ReplaceAll(names, " , ", ", -")
		if valued {
			option += " " + value
		}
		options = append(options, option)
	}
	return options
}

var heading = regexp.MustCompile(`(?m)^\.Sh (.*)$`)

func checkSections(t *testing.T, text string) {
	var sections []string
	for _, found := range heading.FindAllStringSubmatch(text, -1) {
		sections = append(sections, found[1])
	}
	for _, want := range []string{
		"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES", "SEE ALSO", "NOTES",
	} {
		if !slices.Contains(sections, want) {
			t.Errorf("section %s is missing", want)
		}
	}
}

func checkFormat(t *testing.T, name, page string) {
	peers.Need(t, "man")
	var errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "man", "--warnings", "-l", page)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "MANWIDTH=80")
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil || errs.Len() > 0 || !bytes.Contains(out, []byte(name)) {
		t.Errorf("man: %v, %s", err, errs.String())
	}
}
