package main

import (
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/stratuslab/stratus/lib/command/commandtest"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/marketplace/publishtest"
	"github.com/stratuslab/stratus/lib/metadata"
)

func TestMain(m *testing.M) { commandtest.Main(m, "find-image", main) }

// TestScripts: each script finds a Marketplace in MARKET.
func TestScripts(t *testing.T) {
	market := t.TempDir()
	publish(t, market)
	commandtest.Scripts(t, func(p *testscript.Params) {
		setUp := p.Setup
		p.Setup = func(e *testscript.Env) error {
			e.Setenv("MARKET", market)
			err := setUp(e)
			e.Setenv("SOURCE_DATE_EPOCH", "") // entries are of now
			return err
		}
	})
}

func publish(t *testing.T, market string) {
	t.Helper()
	jane, joe := entrytest.NewEndorser(t, "jane@example.org"), entrytest.NewEndorser(t, "joe@example.org")
	type texts = map[metadata.Term]string
	hours := func(n int) time.Time { return time.Now().Add(time.Duration(n) * time.Hour) }
	for _, p := range []struct {
		who            *entrytest.Endorser
		content        string
		created, valid time.Time
		texts          texts
	}{
		{who: jane, content: "base", created: hours(-9), texts: texts{
			metadata.Title: "A base image", metadata.OS: "debian", metadata.OSVersion: "12", metadata.OSArch: "x86_64"}},
		{who: jane, content: "web", created: hours(-8), valid: hours(20), texts: texts{
			metadata.Title: "A web server", metadata.OS: "debian", metadata.OSVersion: "13", metadata.Alternative: "web"}},
		{who: joe, content: "web", created: hours(-7), texts: texts{
			metadata.Title: "Jane's web server\t\x7f", metadata.OS: "Debian"}},
		{who: joe, content: "old", created: hours(-6), valid: hours(-1), texts: texts{metadata.Title: "An old image"}},
		{who: jane, content: "hole", created: hours(-5), texts: texts{metadata.Title: "A leaky image"}},
		{who: jane, content: "hole", created: hours(-4), texts: texts{
			metadata.Title: "A leaky image", metadata.Deprecated: "a hole"}},
	} {
		is := entrytest.Description{Content: p.content, Created: p.created, Valid: p.valid, Texts: p.texts}
		publishtest.Into(t, market, p.who.Entry(t, is))
	}
}
