package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/remote/sshdtest"
)

// Every context is tested with both releases of Debian that the tests know, in
// machines that are started for something else as well:
//
//	                bookworm                    trixie
//	nocloud         TestOldHardware             TestRoundTrip
//	config-drive    TestFullDisk                TestContexts
//	opennebula      TestUEFI                    TestRoundTrip
//	stratuslab      TestUEFI                    TestRoundTrip
//	hepix           TestOldHardware             TestRoundTrip
//	auto            TestUEFI, TestOldHardware   TestContexts
//	none            TestOldHardware             TestContexts
//
// Each of the machines gets a message: a key, user data as large as it can be,
// and variables that nothing but a byte for byte copy survives.

// trixieBase is a base image with Debian 13, as testBase is one with Debian 12.
func trixieBase(t *testing.T) string {
	t.Helper()
	testBase(t) // what that needs, this needs, too
	base := os.Getenv("STRATUS_TEST_BASE_TRIXIE")
	if base == "" {
		peers.Missing(t, "STRATUS_TEST_BASE_TRIXIE names no base image (make check makes one)")
	}
	return base
}

// TestContexts starts Debian 13 under the contexts that no other test tells it.
func TestContexts(t *testing.T) {
	if os.Getenv("STRATUS_TEST_ALL") == "" {
		t.Skip("runs with STRATUS_TEST_ALL=1: it takes minutes, and differs little from what runs anyway")
	}
	base := trixieBase(t)
	t.Parallel()
	nocloud := newMessage(t, "nocloud")
	image := nocloud.dir + "/image.qcow2"
	messages, _ := makeFrom(t, nocloud.dir, base, nocloud.args(withHook(t, "-o", image)...)...)
	nocloud.check(t, messages, "cloud-init (NoCloud)")
	for _, c := range []struct{ scheme, base, taken string }{
		{"config-drive", base, "cloud-init (ConfigDrive)"},
		{"auto", image, "hepix and stratuslab"},
	} {
		t.Run(c.scheme, func(t *testing.T) {
			t.Parallel()
			m := newMessage(t, c.scheme)
			messages, _ := makeFrom(t, m.dir, c.base, m.args("--no-save")...)
			m.check(t, messages, c.taken)
		})
	}
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		b := startUntold(t, dir, image, nocloud.dir+"/key", "--no-save")
		if code := b.wait(); code != 0 {
			t.Errorf("exit code %d", code)
		}
		checkUntold(t, b.stderr.String())
		b.checkNothingLeft(dir)
	})
}

// What turns cloud-init off and the hook on, from the next start on, and back.
const (
	hookOn  = "systemctl enable --quiet stratuslab-context-prolog stratuslab-context-epilog; touch /etc/cloud/cloud-init.disabled"
	hookOff = "systemctl disable --quiet stratuslab-context-prolog stratuslab-context-epilog; rm /etc/cloud/cloud-init.disabled"
)

// withHook returns the arguments of a build whose image takes StratusLab's and
// HEPiX's context and lets in the keys of its build; cloud-init has no part in
// it.
func withHook(t *testing.T, more ...string) []string {
	t.Helper()
	hook, err := filepath.Abs("../scripts/context")
	if err != nil {
		t.Fatal(err)
	}
	return withKeys(append([]string{
		"--copy", hook + "/stratuslab-context:/usr/local/sbin/",
		"--copy", hook + "/stratuslab-context-prolog.service:/etc/systemd/system/",
		"--copy", hook + "/stratuslab-context-epilog.service:/etc/systemd/system/",
		"--run", hookOn,
	}, more...)...)
}

// withKeys returns the arguments of a build that leaves its keys in the image.
func withKeys(more ...string) []string {
	return append([]string{"--no-seal", "ssh-keys", "--no-seal", "ssh-dirs"}, more...)
}

// check compares what the machine says with what it was told; more are the lines
// of the build's own scripts, which come after.
func (m *message) check(t *testing.T, messages, taken string, more ...string) {
	t.Helper()
	checkLines(t, messages, `the guest took its context from (.*)`, taken)
	checkLines(t, messages, `(?:run|values\.py)\| (.*)`, append(m.want(strings.HasPrefix(taken, "cloud-init")), more...)...)
	leavesOut := strings.Contains(messages, "runs scripts only and leaves out config")
	if want := m.scheme == "stratuslab" || m.scheme == "hepix"; leavesOut != want {
		t.Errorf("said to leave out the cloud-config: %t, want %t", leavesOut, want)
	}
}

// checkLines compares what an expression's group matches in what a build said.
func checkLines(t *testing.T, messages, expression string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, matches(messages, expression)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", expression, diff)
	}
}

// matches returns what an expression's group matches in a text, line by line.
func matches(text, expression string) []string {
	var all []string
	for _, found := range regexp.MustCompile(expression).FindAllStringSubmatch(text, -1) {
		all = append(all, found[1])
	}
	return all
}

// startUntold starts an image under no context: it lets in the key that is in
// it, which an ssh agent has.
func startUntold(t *testing.T, dir, image, key string, more ...string) *child {
	t.Helper()
	env := []string{"SSH_AUTH_SOCK=" + sshdtest.StartAgent(t, key)}
	args := []string{"--context", "none", "--ram", "700",
		"--run", "ls -d /run/told /run/stratus-context /run/cloud-init/result.json 2>/dev/null | wc -l"}
	return startFrom(t, dir, env, image, append(args, more...)...)
}

// checkUntold compares what the machine of startUntold says; more are the lines
// of the build's own scripts, which come after.
func checkUntold(t *testing.T, messages string, more ...string) {
	t.Helper()
	checkLines(t, messages, `run\| (.*)`, append([]string{"0"}, more...)...)
	if strings.Contains(messages, "took its context") {
		t.Error("a context is said to have been taken")
	}
}
