// Package commandtest holds what the tests of every command need to run it: as a
// script does, or as a process. It is for tests only and must not know any command.
package commandtest

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/stratuslab/stratus/lib/peers"
)

var update = flag.Bool("u", false, "refresh the golden parts of the scripts")

// Epoch is the time of every script, as SOURCE_DATE_EPOCH has it.
const Epoch = "1700000000" // 2023-11-14T22:13:20Z

// Vectors is where the shared documents and keys are, seen from a command.
const Vectors = "../lib/testdata/vectors"

// RunMain is the variable that makes a test binary the command itself.
const RunMain = "STRATUS_TEST_RUN_MAIN"

// Main is the TestMain of a command.
func Main(m *testing.M, name string, main func()) {
	if os.Getenv(RunMain) != "" {
		main()
	}
	peers.Contain()
	testscript.Main(m, map[string]func(){name: main})
}

// Process returns the command under test as a process with a home of its own;
// env wins over the rest of its environment.
func Process(t testing.TB, env []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...) //nolint:gosec // the test itself
	cmd.Env = append(os.Environ(), RunMain+"=1", "GORACE=atexit_sleep_ms=0", "HOME="+t.TempDir())
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

// Scripts runs the scripts in testdata/script. Each has a home of its own, finds
// Vectors in the variable VECTORS and the man page in PAGE, and has two commands
// more: "only DIRECTORY [FILE...]" checks that a directory holds the named files
// and no others, "exits CODE COMMAND [ARG...]" runs a command and checks its exit
// code. adjust may change the rest.
func Scripts(t *testing.T, adjust func(*testscript.Params)) {
	p := testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup:               setUp,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"only": only, "exits": exits},
	}
	if adjust != nil {
		adjust(&p)
	}
	testscript.Run(t, p)
}

// setUp makes sure that nothing of the user's own decides how a test ends.
func setUp(e *testscript.Env) error {
	vectors, err := filepath.Abs(Vectors)
	if err != nil {
		return err
	}
	source, err := os.Getwd()
	if err != nil {
		return err
	}
	e.Setenv("VECTORS", vectors)
	e.Setenv("PAGE", filepath.Join(source, filepath.Base(source)+".1"))
	e.Setenv("HOME", e.WorkDir)
	e.Setenv("TMPDIR", e.WorkDir+"/tmp")
	e.Setenv("GORACE", "atexit_sleep_ms=0") // the race detector's second, at every exit
	e.Setenv("SOURCE_DATE_EPOCH", Epoch)
	return os.Mkdir(e.WorkDir+"/tmp", 0o755)
}

func only(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: only DIRECTORY [FILE...]")
	}
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	var names []string
	for _, e := range entries {
		if e.Name() != ".tmp" { // testscript's own
			names = append(names, e.Name())
		}
	}
	if got, want := strings.Join(names, " "), strings.Join(args[1:], " "); got != want {
		ts.Fatalf("%s holds %q, want %q", args[0], got, want)
	}
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	code := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if want := args[0]; strconv.Itoa(code) != want {
		ts.Fatalf("exit code %d, want %s", code, want)
	}
}
