// Package pythontest runs the distribution's Python for tests, with the libraries
// that read what we write. It is for tests only, and must not know what they
// compare.
package pythontest

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
)

// interpreter is the one that the distribution's libraries are for.
const interpreter = "/usr/bin/python3"

// Command is Python with its arguments. The test is skipped where it does not
// have the module.
func Command(t testing.TB, module string, args ...string) *exec.Cmd {
	t.Helper()
	peers.Need(t, interpreter)
	if out, err := exec.CommandContext(t.Context(), interpreter, "-c", "import "+module).CombinedOutput(); err != nil {
		peers.Missing(t, "Python has no "+module+" (scripts/install-deps installs it): "+string(out))
	}
	// A server's end is that of its input, which the test's end may close.
	return exec.CommandContext(context.WithoutCancel(t.Context()), interpreter, args...)
}

// Answer runs the command and reads the JSON that it prints.
func Answer(t testing.TB, cmd *exec.Cmd, answer any) {
	t.Helper()
	var says bytes.Buffer
	cmd.Stderr = &says
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("Python: %v\n%s", err, &says)
	}
	if err := json.Unmarshal(out, answer); err != nil {
		t.Fatal(err)
	}
}
