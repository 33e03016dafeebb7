package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/stratuslab/stratus/lib/command/commandtest"
	"github.com/stratuslab/stratus/lib/peers"
)

func TestMain(m *testing.M) { commandtest.Main(m, "stratus-create-image", main) }

// TestScripts: the scripts have two conditions more, qemu and ovmf, for what is
// installed.
func TestScripts(t *testing.T) {
	peers.NeedIfRequired(t, "qemu-system-x86_64", "qemu-img", "sfdisk", "gzip", "base64", "sh")
	commandtest.Scripts(t, func(p *testscript.Params) {
		p.Condition = func(cond string) (bool, error) {
			switch cond {
			case "qemu":
				return haveQEMU() == nil, nil
			case "ovmf":
				return haveOVMF() == nil, nil
			}
			return false, fmt.Errorf("%q is no condition", cond)
		}
	})
}

func haveQEMU() error {
	_, system := exec.LookPath("qemu-system-x86_64")
	_, img := exec.LookPath("qemu-img")
	return errors.Join(system, img)
}

// haveOVMF looks for the UEFI firmware where Debian has it.
func haveOVMF() error {
	_, code := os.Stat("/usr/share/OVMF/OVMF_CODE_4M.fd")
	_, vars := os.Stat("/usr/share/OVMF/OVMF_VARS_4M.fd")
	return errors.Join(code, vars)
}
