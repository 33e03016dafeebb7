package main

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
)

// Failures that come while a script runs are tested at the end of machines that
// are started for something else as well: QEMU is killed in TestUEFI, the
// command is interrupted in TestOldHardware, the machine is powered off in
// TestRoundTrip, a script takes too long in TestOptions, a script fails in
// TestPackages/dnf, a package is missing in TestKeepOnFailure.
const (
	sleeps     = "echo started; sleep 3600"
	powersOff  = "echo started; systemctl poweroff; sleep 600"
	poweredOff = `ended by itself: shut down \(guest-shutdown\)`
)

// TestFailures lets real builds fail before a script runs, and after. After
// each: the right exit code, a message that names the cause, and nothing left.
func TestFailures(t *testing.T) {
	base := testBase(t)
	for _, test := range []struct {
		name  string
		base  string
		args  []string
		when  string // the line on standard error after which the signal is sent
		sent  syscall.Signal
		code  int
		cause string
	}{
		{
			name: "zeros", base: "zeros.raw",
			code: 3, cause: `starting the base image "zeros.raw": .*finds nothing to boot`,
		},
		{
			name: "timeout", args: []string{"--vm-start-timeout", "3"},
			code: 1, cause: `(?s)no login within 3s.*hint: --vm-start-timeout`,
		},
		{
			name: "interrupted boot", when: "waiting for ssh", sent: syscall.SIGINT,
			code: 130, cause: "interrupted",
		},
		{
			name: "terminated boot", when: "starting the machine", sent: syscall.SIGTERM,
			code: 143, cause: "terminated",
		},
		{
			name: "interrupted saving", args: []string{"-o", "out.raw.xz"}, when: `\] saving`, sent: syscall.SIGINT,
			code: 130, cause: "interrupted",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			writeFile(t, dir+"/zeros.raw", "", 0o644)
			if err := os.Truncate(dir+"/zeros.raw", 64<<20); err != nil {
				t.Fatal(err)
			}
			if test.base == "" {
				test.base = base
			}
			b := start(t, dir, append(append([]string{"--no-warm", "-o", "out.qcow2"}, test.args...), test.base)...)
			if test.when != "" {
				b.waitLine(test.when)
				b.signal(test.sent)
			}
			b.checkFails(test.code, test.cause, dir, "zeros.raw")
		})
	}
}

// TestFullDisk saves to a file system that is too small. The machine gets a
// message.
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
	m := newMessage(t, "config-drive")
	b := start(t, m.dir, m.args("-o", dir+"/out.qcow2", base)...)
	b.checkFails(1, `saving ".*/out.qcow2": .*No space left on device`, dir)
	b.checkNothingLeft(m.dir, m.files...)
	m.check(t, b.stderr.String(), "cloud-init (ConfigDrive)")
}
