package main

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
)

// TestOptions tries, in one machine, what TestImage leaves out: another login
// user, user-data, a larger disk, no network. Its last script takes too long.
func TestOptions(t *testing.T) {
	base := testBase(t)
	t.Parallel()
	dir := t.TempDir()
	const userData = "#cloud-config\nwrite_files:\n- path: /etc/from-user-data\n  content: hello from user-data\n"
	writeFile(t, dir+"/user-data", userData, 0o644)
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
	b := start(t, dir, "--ssh-user", "builder", "--user-data", "user-data", "--disk-size", "6G", "--network", "none",
		"--ram", "700", "--copy", "plain:/etc/plain", "--env", "STRATUS_TEST_SECRET", "--script-timeout", "45",
		"--run", "id -un; cat /etc/from-user-data; echo; cat /etc/plain; stat -c %U:%a /etc/plain",
		"--run", `echo "$STRATUS_TEST_SECRET"; swapon --show --noheadings | wc -l; df --output=size -BM / | tail -n 1`,
		"--run", "timeout 5 bash -c '</dev/tcp/10.0.2.2/"+port+"' && echo reached || echo unreachable",
		"--run", sleeps, "-o", "out.qcow2", base)
	b.checkFails(1, `running the command .*longer than 45s \(--script-timeout\)`, dir, "user-data", "plain")
	for _, want := range []string{
		`logged in as builder`, `run\| root\n`, `hello from user-data`, `run\| plain\n`, `run\| root:600\n`,
		`run\| from outside\n`, `run\| 1\n`, `run\| +5[0-9]{3}M`, `run\| unreachable`, `run\| started`,
	} {
		if got := b.stderr.String(); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("standard error does not match %q", want)
		}
	}
}

// TestKeepOnFailure reaches the machine of a build that lacks a package as the
// messages say.
func TestKeepOnFailure(t *testing.T) {
	base := testBase(t)
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, dir+"/trace", "trace\n", 0o644)
	b := start(t, dir, "--keep-on-failure", "--copy", "trace:/root/", "-a", "no-such-package", "-o", "out.qcow2", base)
	code := b.wait()
	messages := b.stderr.String()
	t.Logf("%s", messages)
	const cause = `apt\| E: Unable to locate package no-such-package` +
		`[\s\S]*installing the packages \["no-such-package"\]: apt: exit status 100`
	if code != 1 || b.stdout.Len() > 0 || !regexp.MustCompile(cause).MatchString(messages) {
		t.Errorf("exit code %d, want 1; standard output %q; standard error should match %q", code, b.stdout.String(), cause)
	}
	found := regexp.MustCompile(`stop it: +kill (\d+) && rm -r (\S+)`).FindStringSubmatch(messages)
	if found == nil {
		t.Fatal("nothing says how to stop the machine")
	}
	pid, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	if out := output(t, "ssh", "-F", filepath.Join(found[2], "ssh_config"), "vm", "cat /root/trace"); out != "trace\n" {
		t.Errorf("the kept machine says %q", out)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	output(t, "tail", "--pid="+found[1], "-f", "/dev/null")
	if err := os.RemoveAll(found[2]); err != nil {
		t.Error(err)
	}
	b.checkNothingLeft(dir, "trace")
}
