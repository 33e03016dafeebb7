package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/command/commandtest"
	"github.com/stratuslab/stratus/lib/peers"
)

// plant puts into an image what must not be published.
const plant = `#!/bin/sh
set -eu
useradd -m clerk && echo clerk:secret | chpasswd
useradd -m -p '' anybody
echo 'mysql --password=hunter2' >/root/.bash_history
ssh-keygen -q -t ed25519 -N '' -C planted -f /root/.ssh/id_ed25519
cat /root/.ssh/id_ed25519.pub >>/root/.ssh/authorized_keys
openssl genpkey -algorithm ed25519 -out /srv/key.pem
`

// withCommand returns a PATH in which this test is stratus-create-image.
func withCommand(t *testing.T) (path string) {
	t.Helper()
	bin := t.TempDir()
	writeFile(t, bin+"/stratus-create-image", "#!/bin/sh\n"+commandtest.RunMain+"=1 exec "+os.Args[0]+` "$@"`+"\n", 0o755)
	return bin + ":" + os.Getenv("PATH")
}

// script runs a script of ours.
func script(t *testing.T, name string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := exec.Command("../scripts/"+name, args...)
	cmd.Env = append(os.Environ(), "PATH="+withCommand(t))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	t.Logf("%s %q ends with %d:\n%s\n%s", name, args, cmd.ProcessState.ExitCode(), errs.String(), out.String())
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// testSealed looks, from outside and from inside, for what an image should not
// publish; there is nothing.
func testSealed(t *testing.T, image string) {
	peers.Need(t, "virt-sysprep")
	if code, table, _ := script(t, "check-sealed", image); code != 0 || strings.Count(table, "nothing found\n") < 30 {
		t.Errorf("check-sealed ends with %d", code)
	}
	code, findings, messages := script(t, "audit-image", image)
	if !strings.Contains(messages, "nothing is saved") {
		t.Error("audit-image's machine is not said to be thrown away")
	}
	const ready = `(?m)^note +context-package +cloud-init: [\s\S]*^ready: 0 problems, `
	if code != 0 || !regexp.MustCompile(ready).MatchString(findings) {
		t.Errorf("audit-image ends with %d", code)
	}
}

// testBad looks for the same in an image that plant was run for, and of which
// parts are not sealed.
func testBad(t *testing.T, image string) {
	peers.Need(t, "virt-sysprep")
	code, table, _ := script(t, "check-sealed", image)
	var found []string
	for line := range strings.Lines(table) {
		if operation, paths, ok := strings.Cut(line, " FOUND: "); ok {
			found = append(found, strings.TrimSpace(operation)+": "+strings.TrimSpace(paths))
		}
	}
	want := []string{
		"bash-history: /root/.bash_history",
		"machine-id: /etc/machine-id",
		"ssh-userdir: /root/.ssh/authorized_keys /root/.ssh/id_ed25519 /root/.ssh/id_ed25519.pub",
	}
	slices.Sort(found)
	if diff := cmp.Diff(want, found); diff != "" || code != 1 {
		t.Errorf("check-sealed ends with %d (-want +got):\n%s", code, diff)
	}
	code, object, _ := script(t, "audit-image", "--json", "--quiet", image)
	var audit struct {
		Image    string
		Ready    bool
		Findings []struct{ Level, Kind, Subject, Text string }
	}
	if err := json.Unmarshal([]byte(object), &audit); err != nil {
		t.Fatal(err)
	}
	problems := make(map[string]int)
	for _, f := range audit.Findings {
		if f.Level == "problem" {
			problems[f.Kind+" "+f.Subject]++
		}
	}
	wanted := map[string]int{
		"password clerk":                            1,
		"empty-password anybody":                    1,
		"history /root/.bash_history":               1,
		"secret /root/.bash_history":                1,
		"machine-id /etc/machine-id":                1,
		"authorized-key /root/.ssh/authorized_keys": 2, // the planted one, and the build's own
		"private-key /root/.ssh/id_ed25519":         1,
		"private-key /srv/key.pem":                  1,
	}
	if diff := cmp.Diff(wanted, problems); diff != "" || code != 1 || audit.Ready || audit.Image != image {
		t.Errorf("audit-image ends with %d, %q, ready %v; problems (-want +got):\n%s", code, audit.Image, audit.Ready, diff)
	}
}
