package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/stratuslab/stratus/lib/command/commandtest"
	"github.com/stratuslab/stratus/lib/peers"
)

// childVariable makes the test binary the command itself, for tests that need
// a process.
const childVariable = "STRATUS_TEST_RUN_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		main()
	}
	peers.Contain()
	testscript.Main(m, map[string]func(){"stratus-sign-metadata": main})
}

func TestScripts(t *testing.T) {
	peers.NeedIfRequired(t, "openssl", "xmlsec1", "gzip", "xz")
	page, err := filepath.Abs("stratus-sign-metadata.1")
	if err != nil {
		t.Fatal(err)
	}
	commandtest.Scripts(t, func(p *testscript.Params) {
		setUp := p.Setup
		p.Setup = func(e *testscript.Env) error {
			e.Setenv("PAGE", page)
			if err := setUp(e); err != nil {
				return err
			}
			e.Setenv("SOURCE_DATE_EPOCH", "1800000000") // 2027-01-15T08:00:00Z, when the vectors are valid
			return nil
		}
	})
}

func TestManPage(t *testing.T) {
	commandtest.ManPage(t, program(), "stratus-sign-metadata.1")
}
