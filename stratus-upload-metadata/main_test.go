package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/stratuslab/stratus/lib/command/commandtest"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/metadata"
)

func TestMain(m *testing.M) { commandtest.Main(m, "stratus-upload-metadata", main) }

// TestScripts: each script finds documents of jane@example.org, and one of
// joe@example.org, all of one image.
func TestScripts(t *testing.T) {
	documents := documents(t)
	commandtest.Scripts(t, func(p *testscript.Params) {
		setUp := p.Setup
		p.Setup = func(e *testscript.Env) error {
			if err := setUp(e); err != nil {
				return err
			}
			e.Setenv("SOURCE_DATE_EPOCH", "") // documents are of now
			e.Setenv("XDG_DATA_HOME", "")
			for name, src := range documents {
				if err := os.WriteFile(filepath.Join(e.WorkDir, name+".xml"), src, 0o644); err != nil {
					return err
				}
			}
			return nil
		}
	})
}

func documents(t *testing.T) map[string][]byte {
	t.Helper()
	jane, joe := entrytest.NewEndorser(t, "jane@example.org"), entrytest.NewEndorser(t, "joe@example.org")
	at := func(ago time.Duration, texts map[metadata.Term]string) []byte {
		return jane.Sign(t, entrytest.Description{Content: "image", Created: time.Now().Add(-ago), Texts: texts})
	}
	newer := at(time.Hour, map[metadata.Term]string{metadata.Title: "A web server"})
	return map[string][]byte{
		"older":    at(2*time.Hour, nil),
		"newer":    newer,
		"future":   at(-time.Hour, nil),
		"retired":  at(0, map[metadata.Term]string{metadata.Deprecated: "a hole"}),
		"expired":  jane.Sign(t, entrytest.Description{Content: "image", Valid: time.Now().Add(-time.Minute)}),
		"joe":      joe.Sign(t, entrytest.Description{Content: "image"}),
		"tampered": bytes.Replace(newer, []byte("A web server"), []byte("Another one"), 1),
	}
}
