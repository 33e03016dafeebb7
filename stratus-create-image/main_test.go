package main

import (
	"flag"
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stratuslab/stratus/lib/tool"
	"github.com/stratuslab/stratus/lib/tool/tooltest"
)

var update = flag.Bool("u", false, "refresh the golden parts of the scripts")

// runMain is set for a child that is to be the command itself.
const runMain = "STRATUS_TEST_RUN_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(runMain) != "" {
		os.Exit(tool.Main(command()))
	}
	testscript.Main(m, map[string]func(){"stratus-create-image": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			// Nothing of the user's own may decide how a test ends.
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("GORACE", "atexit_sleep_ms=0") // the race detector's second, at every exit
			e.Setenv("TMPDIR", e.WorkDir+"/tmp")
			return os.Mkdir(e.WorkDir+"/tmp", 0o755)
		},
		Condition: func(cond string) (bool, error) {
			if cond != "qemu" {
				return false, nil
			}
			for _, program := range []string{"qemu-system-x86_64", "qemu-img"} {
				if _, err := exec.LookPath(program); err != nil {
					return false, nil //nolint:nilerr // not there is the answer
				}
			}
			return true, nil
		},
	})
}

func TestManPage(t *testing.T) {
	tooltest.ManPage(t, command(), "stratus-create-image.1")
}
