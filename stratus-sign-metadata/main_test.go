package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/stratuslab/stratus/lib/command/commandtest"
	"github.com/stratuslab/stratus/lib/peers"
)

func TestMain(m *testing.M) { commandtest.Main(m, "stratus-sign-metadata", main) }

func TestScripts(t *testing.T) {
	peers.NeedIfRequired(t, "openssl", "xmlsec1", "gzip", "xz")
	commandtest.Scripts(t, func(p *testscript.Params) {
		setUp := p.Setup
		p.Setup = func(e *testscript.Env) error {
			if err := setUp(e); err != nil {
				return err
			}
			e.Setenv("SOURCE_DATE_EPOCH", "1800000000") // 2027-01-15T08:00:00Z, when the vectors are valid
			return nil
		}
	})
}
