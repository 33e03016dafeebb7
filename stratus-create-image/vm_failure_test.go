package main

import (
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
)

// TestFailures lets real builds fail in every phase. After each: the right exit
// code, a message that names the cause, and nothing left.
func TestFailures(t *testing.T) {
	base := testBase(t)
	signal := func(s syscall.Signal) func(*testing.T, *child) {
		return func(t *testing.T, b *child) {
			if err := b.cmd.Process.Signal(s); err != nil {
				t.Error(err)
			}
		}
	}
	killQEMU := func(t *testing.T, b *child) {
		if err := syscall.Kill(b.qemu(), syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	}
	const sleeps = "echo started; sleep 3600"
	tests := []struct {
		name   string
		base   string
		args   []string
		when   string // the line on standard error after which do is done
		do     func(*testing.T, *child)
		code   int
		stderr string
	}{
		{name: "script", args: []string{"-s", "three.sh arg"}, code: 1, stderr: `running the script "three.sh": three.sh: exit status 3`},
		{name: "package", args: []string{"-a", "no-such-package"}, code: 1, stderr: `apt\| E: Unable to locate package no-such-package[\s\S]*installing the packages \["no-such-package"\]: apt: exit status 100`},
		{name: "zeros", base: "zeros.raw", code: 3, stderr: `starting the base image "zeros.raw": .*finds nothing to boot`},
		{name: "timeout", args: []string{"--vm-start-timeout", "3"}, code: 1, stderr: `no login within 3s \(--vm-start-timeout\)`},
		{name: "script timeout", args: []string{"--run", sleeps, "--script-timeout", "2"}, code: 1, stderr: `running the command .*longer than 2s \(--script-timeout\)`},
		{name: "interrupted boot", when: "waiting for ssh", do: signal(syscall.SIGINT), code: 130, stderr: "interrupted"},
		{name: "terminated boot", when: "starting the machine", do: signal(syscall.SIGTERM), code: 143, stderr: "terminated"},
		{name: "interrupted script", args: []string{"--run", sleeps}, when: `run\| started`, do: signal(syscall.SIGINT), code: 130, stderr: "interrupted"},
		{name: "interrupted saving", args: []string{"-o", "out.raw.xz"}, when: `\] saving`, do: signal(syscall.SIGINT), code: 130, stderr: "interrupted"},
		{name: "QEMU killed", args: []string{"--run", sleeps}, when: `run\| started`, do: killQEMU, code: 1, stderr: "the virtual machine ended by itself: QEMU: signal: killed"},
		{name: "poweroff", args: []string{"--run", "systemctl poweroff; sleep 600"}, code: 1, stderr: `ended by itself: shut down \(guest-shutdown\)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			writeFile(t, dir+"/three.sh", "#!/bin/sh\nexit 3\n", 0o755)
			writeFile(t, dir+"/zeros.raw", "", 0o644)
			if err := os.Truncate(dir+"/zeros.raw", 64<<20); err != nil {
				t.Fatal(err)
			}
			if test.base == "" {
				test.base = base
			}
			b := start(t, dir, append(append([]string{"-o", "out.qcow2"}, test.args...), test.base)...)
			if test.when != "" {
				b.waitLine(test.when)
				test.do(t, b)
			}
			if code := b.wait(); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if !regexp.MustCompile(test.stderr).MatchString(b.stderr.String()) {
				t.Errorf("standard error does not match %q", test.stderr)
			}
			if b.stdout.Len() > 0 {
				t.Errorf("standard output has %q", b.stdout.String())
			}
			b.checkNothingLeft(dir, "three.sh", "zeros.raw")
			t.Logf("%s", b.stderr.String())
		})
	}
}

// TestFullDisk saves to a file system that is too small.
func TestFullDisk(t *testing.T) {
	base := testBase(t)
	t.Parallel()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=32m", "stratus-test", dir).CombinedOutput(); err != nil {
		peers.Missing(t, "a small tmpfs cannot be mounted: "+string(out))
	}
	defer func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	b := start(t, dir, "-o", "out.qcow2", base)
	if code := b.wait(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if !regexp.MustCompile(`saving "out.qcow2": .*No space left on device`).MatchString(b.stderr.String()) {
		t.Error("the message does not name the cause")
	}
	t.Logf("%s", b.stderr.String())
	b.checkNothingLeft(dir)
}
