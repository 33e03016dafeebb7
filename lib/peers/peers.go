// Package peers lets a test ask for the real programs and devices that it works
// with. It is for tests only and must not know any of them by heart.
package peers

import (
	"os"
	"os/exec"
	"testing"
)

// Need skips the test when one of the commands is not installed. Where
// STRATUS_REQUIRE_PEERS=1 is set, as `make check` does, it fails instead, so
// that nothing goes untested unseen.
func Need(t testing.TB, commands ...string) {
	t.Helper()
	for _, command := range commands {
		if _, err := exec.LookPath(command); err != nil {
			Missing(t, command+" is not installed (scripts/install-deps installs it)")
		}
	}
}

// NeedIfRequired is Need where STRATUS_REQUIRE_PEERS=1 is set, for a test that
// leaves out what it cannot do without some of the commands.
func NeedIfRequired(t testing.TB, commands ...string) {
	t.Helper()
	if required() {
		Need(t, commands...)
	}
}

// Build builds programs of this module into a directory: with the race detector if
// the test has it, whose packages are then there already.
func Build(t testing.TB, dir string, packages ...string) {
	t.Helper()
	Need(t, "go")
	args := []string{"build", "-o", dir + "/"}
	if RaceDetector {
		args = append(args, "-race")
	}
	if out, err := exec.CommandContext(t.Context(), "go", append(args, packages...)...).CombinedOutput(); err != nil {
		t.Fatalf("building %q: %v\n%s", packages, err, out)
	}
}

func required() bool { return os.Getenv("STRATUS_REQUIRE_PEERS") == "1" }

// Sample returns how much of something is tested: all of it, or as much as is
// quick with -short.
func Sample(all, quick int) int {
	if testing.Short() {
		return quick
	}
	return all
}

// Missing skips the test for the given reason, or fails it where peers are
// required.
func Missing(t testing.TB, reason string) {
	t.Helper()
	if required() {
		t.Fatalf("%s, and STRATUS_REQUIRE_PEERS=1", reason)
	}
	t.Skip(reason)
}
