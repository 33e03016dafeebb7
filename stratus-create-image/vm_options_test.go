package main

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestOptions tries, in one machine that is thrown away, what TestImage leaves
// out: another login user, user-data, a larger disk, no network.
func TestOptions(t *testing.T) {
	base := testBase(t)
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, dir+"/user-data", "#cloud-config\nwrite_files:\n- path: /etc/from-user-data\n  content: hello from user-data\n", 0o644)
	writeFile(t, dir+"/plain", "plain\n", 0o600)
	// The machine would reach this host at 10.0.2.2, if it reached anything.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b := start(t, dir, "--no-save", "--ssh-user", "builder", "--user-data", "user-data", "--disk-size", "6G", "--network", "none",
		"--ram", "700", "--copy", "plain:/etc/plain", "--env", "STRATUS_TEST_SECRET",
		"--run", `id -un; cat /etc/from-user-data; echo; cat /etc/plain; stat -c %U:%a /etc/plain; echo "$STRATUS_TEST_SECRET"; swapon --show --noheadings | wc -l`,
		"--run", "df --output=size -BM / | tail -n 1; timeout 5 bash -c '</dev/tcp/10.0.2.2/"+port+"' && echo reached || echo unreachable",
		base)
	code := b.wait()
	got := b.stderr.String()
	t.Logf("%s", got)
	if code != 0 {
		t.Fatalf("exit code %d", code)
	}
	for _, want := range []string{`logged in as builder`, `run\| root\n`, `hello from user-data`, `run\| plain\n`, `run\| root:600\n`, `run\| from outside\n`, `run\| 1\n`, `run\| +5[0-9]{3}M`, `run\| unreachable`, `nothing is saved`} {
		if !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("standard error does not match %q", want)
		}
	}
	b.checkNothingLeft(dir, "user-data", "plain")
}

// TestKeepOnFailure reaches the machine of a failed build as the messages say.
func TestKeepOnFailure(t *testing.T) {
	base := testBase(t)
	t.Parallel()
	dir := t.TempDir()
	b := start(t, dir, "--keep-on-failure", "--run", "echo trace >/root/trace; exit 7", "-o", "out.qcow2", base)
	if code := b.wait(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	messages := b.stderr.String()
	t.Logf("%s", messages)
	found := regexp.MustCompile(`stop it: +kill (\d+) && rm -r (\S+)`).FindStringSubmatch(messages)
	if found == nil {
		t.Fatal("nothing says how to stop the machine")
	}
	pid, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	if out := output(t, "ssh", "-F", filepath.Join(found[2], "ssh_config"), "vm", "cat /root/trace"); strings.TrimSpace(out) != "trace" {
		t.Errorf("the kept machine says %q", out)
	}
	if !strings.Contains(messages, "exit status 7") {
		t.Error("the cause is not named")
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	output(t, "tail", "--pid="+found[1], "-f", "/dev/null")
	if err := os.RemoveAll(found[2]); err != nil {
		t.Error(err)
	}
	b.checkNothingLeft(dir)
}
