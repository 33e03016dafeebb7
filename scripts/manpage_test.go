package scripts

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/peers"
)

// TestManPages tests the man page of every command, a file in mdoc: it lists the
// options of the help with the same aliases and values and in the same order, has
// the usual sections, and can be formatted without warnings.
func TestManPages(t *testing.T) {
	commands, err := filepath.Glob("../stratus-*")
	if err != nil || len(commands) != 4 {
		t.Fatalf("the commands are %q (%v), want four", commands, err)
	}
	programs := t.TempDir()
	peers.Build(t, programs, commands...)
	for _, dir := range commands {
		name := filepath.Base(dir)
		page := filepath.Join(dir, name+".1")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			inHelp := helpOptions(t, filepath.Join(programs, name))
			if diff := cmp.Diff(inHelp, pageOptions(string(text))); diff != "" || len(inHelp) == 0 {
				t.Errorf("options (-help +man page):\n%s", diff)
			}
			checkSections(t, string(text))
			checkFormat(t, name, page)
		})
	}
}

// helpOptions returns the lines of a program's help that name options.
func helpOptions(t *testing.T, program string) []string {
	t.Helper()
	help, err := exec.CommandContext(t.Context(), program, "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	var options []string
	for line := range strings.Lines(string(help)) {
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
