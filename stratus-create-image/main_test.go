package main

import (
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/command/commandtest"
	"github.com/stratuslab/stratus/lib/peers"
)

// runMain is set for a child that is to be the command itself.
const runMain = "STRATUS_TEST_RUN_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(runMain) != "" {
		os.Exit(command.Main(program()))
	}
	peers.Contain()
	testscript.Main(m, map[string]func(){"stratus-create-image": main})
}

func TestScripts(t *testing.T) {
	commandtest.Scripts(t, func(p *testscript.Params) {
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
	commandtest.ManPage(t, program(), "stratus-create-image.1")
}
