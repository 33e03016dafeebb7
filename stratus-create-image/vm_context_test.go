package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/peers"
)

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

// TestContexts starts two releases of Debian under every context that they
// understand. Each of the machines gets a key, user data as large as it can be,
// and variables that nothing but a byte for byte copy survives.
func TestContexts(t *testing.T) {
	for _, release := range []struct {
		name string
		base func(*testing.T) string
	}{{"bookworm", testBase}, {"trixie", trixieBase}} {
		t.Run(release.name, func(t *testing.T) {
			base := release.base(t)
			t.Parallel()
			image, key := makeContextImage(t, base)
			for _, c := range []struct{ scheme, base, taken string }{
				{"config-drive", base, "cloud-init (ConfigDrive)"},
				{"opennebula", base, "cloud-init (OpenNebula)"},
				{"stratuslab", image, "hepix and stratuslab"},
				{"hepix", image, "hepix"},
				{"auto", image, "hepix and stratuslab"},
			} {
				t.Run(c.scheme, func(t *testing.T) {
					t.Parallel()
					if release.name == "trixie" && (c.scheme == "hepix" || c.scheme == "auto" || c.scheme == "config-drive") {
						needAll(t)
					}
					m := newMessage(t, c.scheme)
					b := start(t, m.dir, m.args("--no-save", c.base)...)
					m.check(b, c.taken)
					b.checkNothingLeft(m.dir, m.files...)
				})
			}
			t.Run("none", func(t *testing.T) {
				t.Parallel()
				if release.name == "trixie" {
					needAll(t)
				}
				checkUntold(t, image, key)
			})
		})
	}
}

// testAll tells whether to run what takes minutes and differs little from what
// runs anyway.
func testAll() bool { return os.Getenv("STRATUS_TEST_ALL") != "" }

func needAll(t *testing.T) {
	t.Helper()
	if !testAll() {
		t.Skip("runs with STRATUS_TEST_ALL=1")
	}
}

// makeContextImage makes, under NoCloud, an image that takes StratusLab's and
// HEPiX's context, and cloud-init has no part in it. The key that it is told
// stays in it.
func makeContextImage(t *testing.T, base string) (image, key string) {
	t.Helper()
	hook, err := filepath.Abs("../scripts/context")
	if err != nil {
		t.Fatal(err)
	}
	m := newMessage(t, "nocloud")
	b := start(t, m.dir, m.args(
		"--copy", hook+"/stratuslab-context:/usr/local/sbin/",
		"--copy", hook+"/stratuslab-context-prolog.service:/etc/systemd/system/",
		"--copy", hook+"/stratuslab-context-epilog.service:/etc/systemd/system/",
		"--run", "systemctl enable --quiet stratuslab-context-prolog stratuslab-context-epilog; touch /etc/cloud/cloud-init.disabled",
		"--no-seal", "ssh-keys", "--no-seal", "ssh-dirs", "-o", "image.qcow2", base)...)
	m.check(b, "cloud-init (NoCloud)")
	return filepath.Join(m.dir, "image.qcow2"), filepath.Join(m.dir, "key")
}

// check compares what the machine says with what it was told.
func (m *message) check(b *child, taken string) {
	t := b.t
	t.Helper()
	code := b.wait()
	messages := b.stderr.String()
	if code != 0 {
		t.Fatalf("exit code %d:\n%s", code, messages)
	}
	t.Logf("%s", messages)
	if diff := cmp.Diff([]string{taken}, matches(messages, `the guest took its context from (.*)`)); diff != "" {
		t.Errorf("the context that was taken (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(m.want(strings.HasPrefix(taken, "cloud-init")), matches(messages, `(?:run|values\.py)\| (.*)`)); diff != "" {
		t.Errorf("the machine was told (-want +got):\n%s", diff)
	}
	leavesOut := strings.Contains(messages, "can run scripts only, and leaves out config")
	if want := m.scheme == "stratuslab" || m.scheme == "hepix"; leavesOut != want {
		t.Errorf("said to leave out the cloud-config: %t, want %t", leavesOut, want)
	}
}

// matches gives what an expression's group matches in a text, line by line.
func matches(text, expression string) []string {
	var all []string
	for _, found := range regexp.MustCompile(expression).FindAllStringSubmatch(text, -1) {
		all = append(all, found[1])
	}
	return all
}

// checkUntold starts an image under no context: it lets in the key that is in
// it, which an ssh agent has.
func checkUntold(t *testing.T, image, key string) {
	t.Helper()
	dir, socket := t.TempDir(), startAgent(t, key)
	b := startWith(t, dir, []string{"SSH_AUTH_SOCK=" + socket}, "--context", "none", "--ram", "700", "--no-save",
		"--run", "ls -d /run/told /run/stratus-context /run/cloud-init/result.json 2>/dev/null | wc -l", image)
	code := b.wait()
	messages := b.stderr.String()
	t.Logf("%s", messages)
	if diff := cmp.Diff([]string{"0"}, matches(messages, `run\| (.*)`)); code != 0 || diff != "" {
		t.Errorf("exit code %d, what the machine was told (-want +got):\n%s", code, diff)
	}
	if strings.Contains(messages, "took its context") {
		t.Error("a context is said to have been taken")
	}
	b.checkNothingLeft(dir)
}
