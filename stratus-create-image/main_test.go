package main

import (
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stratuslab/stratus/lib/tool"
	"github.com/stratuslab/stratus/lib/tool/tooltest"
)

// runMain is set for a child that is to be the command itself.
const runMain = "STRATUS_TEST_RUN_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(runMain) != "" {
		os.Exit(tool.Main(command()))
	}
	testscript.Main(m, map[string]func(){"stratus-create-image": main})
}

func TestScripts(t *testing.T) {
	tooltest.Scripts(t, func(p *testscript.Params) {
		p.Condition = func(cond string) (bool, error) {
			if cond != "qemu" {
				return false, nil
			}
			for _, program := range []string{"qemu-system-x86_64", "qemu-img"} {
				if _, err := exec.LookPath(program); err != nil {
					return false, nil //nolint:nilerr // not there is the answer
				}
			}
			return true, nil
		}
	})
}

func TestManPage(t *testing.T) {
	tooltest.ManPage(t, command(), "stratus-create-image.1")
}
