package peers

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"testing"
)

// interpreter is the distribution's Python, for which its libraries are.
const interpreter = "/usr/bin/python3"

// Python returns the distribution's Python with arguments. It skips the test if
// Python does not have the module.
func Python(t testing.TB, module string, args ...string) *exec.Cmd {
	t.Helper()
	Need(t, interpreter)
	if out, err := exec.CommandContext(t.Context(), interpreter, "-c", "import "+module).CombinedOutput(); err != nil {
		Missing(t, "Python has no "+module+" (scripts/install-deps installs it): "+string(out))
	}
	// A server ends with its input, which a clean-up may close.
	return exec.CommandContext(context.WithoutCancel(t.Context()), interpreter, args...)
}

// Answer runs a command and decodes the JSON that it prints.
func Answer(t testing.TB, cmd *exec.Cmd, answer any) {
	t.Helper()
	var messages bytes.Buffer
	cmd.Stderr = &messages
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, &messages)
	}
	if err := json.Unmarshal(out, answer); err != nil {
		t.Fatal(err)
	}
}
