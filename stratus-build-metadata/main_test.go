package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/tool/tooltest"
)

var update = flag.Bool("u", false, "refresh the golden parts of the scripts")

// childVariable makes the test binary the command itself, for tests that need
// a process.
const childVariable = "STRATUS_TEST_RUN_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		main()
	}
	testscript.Main(m, map[string]func(){"stratus-build-metadata": main})
}

func TestScripts(t *testing.T) {
	if os.Getenv("STRATUS_REQUIRE_PEERS") == "1" {
		peers.Need(t, "bzip2", "gzip", "qemu-img", "tar", "xmllint", "xz", "zstd")
	}
	data, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			// Nothing of the user's own may decide how a test ends.
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("TMPDIR", e.WorkDir+"/tmp")
			e.Setenv("DATA", data)
			e.Setenv("GORACE", "atexit_sleep_ms=0")     // the race detector's second, at every exit
			e.Setenv("SOURCE_DATE_EPOCH", "1700000000") // 2023-11-14T22:13:20Z
			return os.Mkdir(e.WorkDir+"/tmp", 0o755)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"describes": describes,
			"exits":     exits,
			"only":      only,
		},
	})
}

func TestManPage(t *testing.T) {
	tooltest.ManPage(t, command(), "stratus-build-metadata.1")
}

// only checks that a directory holds the named files and no others.
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

// An interrupt while the image is being read must end the command at once and
// leave nothing, whoever keeps standard input open.
func TestInterruptLeavesNothing(t *testing.T) {
	raw := make([]byte, 256<<10) // more than a pipe holds: when it is written, much of it was read
	_, _ = rand.NewChaCha8([32]byte{}).Read(raw)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(raw); err != nil {
		t.Fatal(err)
	}
	for name, image := range map[string][]byte{"raw": raw, "gzip": packed.Bytes()} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-o", filepath.Join(dir, "out.xml"), "-")
			cmd.Env = append(os.Environ(), childVariable+"=1", "GORACE=atexit_sleep_ms=0", "HOME="+dir, "TMPDIR="+dir)
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if _, err := stdin.Write(image); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			var exit *exec.ExitError
			if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 130 {
				t.Errorf("got %v, want exit status 130", err)
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
				t.Errorf("left behind: %v (%v)", entries, err)
			}
		})
	}
}

// exits runs a command and checks its exit code: exits CODE COMMAND [ARG...].
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
