package scripts_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/peers"
)

// runScript runs a script with a directory in front of the PATH.
func runScript(t *testing.T, bin, name string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	peers.Need(t, "bash", "sed", "grep", "awk")
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// plantFile makes a file of a test.
func plantFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

// auditor is a directory with a stratus-create-image that says, of any image,
// what a machine that is audited says, and ends with the code.
func auditor(t *testing.T, says, code string) (bin string) {
	t.Helper()
	bin = t.TempDir()
	plantFile(t, bin+"/says", says)
	plantFile(
		t,
		bin+"/stratus-create-image",
		"#!/bin/sh\nprintf '%s\\n' \"$@\" >"+bin+"/told\ncat "+bin+"/says >&2\nexit "+code+"\n",
	)
	return bin
}

// TestAuditImage has a machine tell everything that one could: audits of real
// machines are with the tests of stratus-create-image.
func TestAuditImage(t *testing.T) {
	peers.Need(t, "bash", "awk")
	const prefix = "stratus-create-image: audit-guest.sh| audit "
	const end = prefix + "end - - -\n"
	const good = prefix + "note context-package cloud-init takes keys\n" + prefix + "unknown host-key /etc/ssh/a%20b was there\n"
	bad := good + "another line\n" + prefix +
		`problem history /root/.bash_history what its "maker" typed \ é` + "\x01\xff\n" + prefix + "forged level\n"
	const image = `an "image" \n é`
	bin := auditor(t, bad+end, "0")
	code, stdout, stderr := runScript(t, bin, "./audit-image", "--json", image, "--", "--ram", "700")
	if code != 1 || stderr != "another line\n" {
		t.Errorf("exit code %d, want 1; standard error %q", code, stderr)
	}
	type finding struct{ Level, Kind, Subject, Text string }
	type audit struct {
		Image    string
		Ready    bool
		Findings []finding
	}
	decode := func(object string) (a audit) {
		t.Helper()
		decoder := json.NewDecoder(strings.NewReader(object))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&a); err != nil || decoder.More() {
			t.Errorf("%v in %s", err, object)
		}
		return a
	}
	want := audit{image, false, []finding{
		{"note", "context-package", "cloud-init", "takes keys"}, {"unknown", "host-key", "/etc/ssh/a%20b", "was there"},
		{"problem", "history", "/root/.bash_history", `what its "maker" typed \ é?` + "\uFFFD"},
	}}
	if diff := cmp.Diff(want, decode(stdout)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	told, err := os.ReadFile(bin + "/told")
	if err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	options := "--no-save\n--network\nnone\n--ram\n700\n--copy\n" + here + "/sealed-paths:/run/stratus-sealed-paths\n" +
		"-s\n" + here + "/audit-guest.sh\n--\n" + image + "\n"
	if diff := cmp.Diff(options, string(told)); diff != "" {
		t.Errorf("stratus-create-image is told (-want +got):\n%s", diff)
	}
	code, stdout, stderr = runScript(t, bin, "./audit-image", "--quiet", image)
	if code != 1 || stderr != "" ||
		!strings.Contains(stdout, "problem  history          /root/.bash_history: what its \"maker\"") ||
		!strings.HasSuffix(stdout, "\nNOT READY: 1 problems, 1 notes, 1 unknown\n") {
		t.Errorf("exit code %d:\n%s%s", code, stdout, stderr)
	}
	bin = auditor(t, good+end, "0")
	code, stdout, _ = runScript(t, bin, "./audit-image", "--json", "image")
	if diff := cmp.Diff(audit{"image", true, want.Findings[:2]}, decode(stdout)); diff != "" || code != 0 {
		t.Errorf("exit code %d, (-want +got):\n%s", code, diff)
	}
	code, stdout, _ = runScript(t, bin, "./audit-image", "image")
	if code != 0 || !strings.HasSuffix(stdout, "\nready: 0 problems, 1 notes, 1 unknown\n") {
		t.Errorf("exit code %d:\n%s", code, stdout)
	}
}

// TestAuditImageBroken has audits not come to their end.
func TestAuditImageBroken(t *testing.T) {
	const line = "stratus-create-image: audit-guest.sh| audit "
	const finding, end = line + "note context-package cloud-init takes keys\n", line + "end - - -\n"
	for name, bin := range map[string]string{
		"failed":       auditor(t, finding+end, "1"),
		"cut":          auditor(t, finding, "0"),
		"silent":       auditor(t, "", "0"),
		"more":         auditor(t, end+finding, "0"),
		"not the last": auditor(t, finding+"stratus-create-image: console| audit end - - -\n", "0"),
	} {
		for _, format := range []string{"--quiet", "--json"} {
			if code, stdout, stderr := runScript(t, bin, "./audit-image", format, "image"); code != 2 || stdout != "" ||
				!strings.Contains(stderr, `"image": the audit did not complete`) {
				t.Errorf("%s: exit code %d, want 2:\n%s%s", name, code, stdout, stderr)
			}
		}
	}
	for _, args := range [][]string{{}, {"--bogus", "image"}, {"image", "other"}} {
		if code, stdout, stderr := runScript(t, auditor(t, "", "0"), "./audit-image", args...); code != 2 || stdout != "" ||
			!strings.Contains(stderr, "Usage: audit-image") {
			t.Errorf("%q: exit code %d, want 2:\n%s%s", args, code, stdout, stderr)
		}
	}
}

// sealedTree is a root file system in which nothing is to be found, and what an
// image of it names outside of it.
func sealedTree(t *testing.T) (tree string) {
	t.Helper()
	tree = t.TempDir()
	for path, content := range map[string]string{
		"etc/passwd": "root:x:0:0:root:/root:/bin/sh\n", "etc/machine-id": "", "etc/ssh/sshd_config": "Port 22\n",
		"etc/sysconfig/network-scripts/ifcfg-eth0": "BOOTPROTO=dhcp\n", "var/log/nginx/access.log": "",
	} {
		plantFile(t, filepath.Join(tree, path), content)
	}
	for _, dir := range []string{"root/.ssh", "home", "srv", "tmp", "usr/local/share"} {
		if err := os.MkdirAll(filepath.Join(tree, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// It leads to a file, and is none.
	if err := os.Symlink("/etc/passwd", tree+"/root/.bash_history"); err != nil {
		t.Fatal(err)
	}
	return tree
}

// makeDisk makes an image of a tree, with a partition if offset is not 0.
func makeDisk(t *testing.T, tree, offset string) (image string) {
	t.Helper()
	image = t.TempDir() + "/disk.qcow2"
	script := `set -eu; PATH=$PATH:/usr/sbin:/sbin; truncate -s 64M "$3.raw"
if [ "$2" != 0 ]; then echo "start=$(($2 / 512)), type=83" | sfdisk -q "$3.raw"; fi
mke2fs -q -t ext4 -d "$1" -E "offset=$2" "$3.raw" 40M
qemu-img convert -O qcow2 "$3.raw" "$3"`
	if out, err := exec.Command("sh", "-c", script, "sh", tree, offset, image).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return image
}

// TestCheckSealed looks into small disks.
func TestCheckSealed(t *testing.T) {
	peers.Need(t, "bash", "virt-sysprep", "qemu-img", "sfdisk", "mke2fs", "debugfs")
	sealed, bad := sealedTree(t), sealedTree(t)
	plantFile(t, bad+"/etc/machine-id", "0123456789abcdef\n")
	plantFile(t, bad+"/etc/sysconfig/network-scripts/ifcfg-eth1", "HWADDR=52:54:00:12:34:56\n")
	plantFile(t, bad+"/var/spool/cron/crontabs/jane", "@daily true\n")
	plantFile(t, bad+"/root/.ssh/deep er/key", "x")
	for name, test := range map[string]struct {
		args  []string
		code  int
		found []string
	}{
		"a tree":      {[]string{"--tree", sealed}, 0, nil},
		"a disk":      {[]string{makeDisk(t, sealed, "0")}, 0, nil},
		"a partition": {[]string{makeDisk(t, sealed, "1048576")}, 0, nil},
		"a bad partition": {[]string{makeDisk(t, bad, "2097152")}, 1,
			[]string{"cron-spool /var/spool/cron/crontabs/jane", "machine-id /etc/machine-id",
				"net-hwaddr /etc/sysconfig/network-scripts/ifcfg-eth1", "ssh-userdir /root/.ssh/deep er/key"}},
	} {
		code, stdout, stderr := runScript(t, t.TempDir(), "./check-sealed", test.args...)
		var found []string
		for line := range strings.Lines(stdout) {
			if operation, paths, ok := strings.Cut(line, "FOUND:"); ok {
				found = append(found, strings.TrimSpace(operation)+" "+strings.TrimSpace(paths))
			}
		}
		if diff := cmp.Diff(test.found, found); diff != "" || code != test.code || strings.Count(stdout, "\n") < 30 {
			t.Errorf("%s: exit code %d, found (-want +got):\n%s\n%s%s", name, code, diff, stdout, stderr)
		}
	}
	empty := t.TempDir()
	if err := os.Mkdir(empty+"/etc", 0o755); err != nil {
		t.Fatal(err)
	}
	for want, image := range map[string]string{"no ext2, ext3 or ext4 root file system found": makeDisk(t, empty,
		"0"), "cannot be read": "missing.qcow2", "Usage: check-sealed": "--bogus"} {
		if code, stdout, stderr := runScript(t, t.TempDir(), "./check-sealed", image); code != 2 || stdout != "" ||
			!strings.Contains(stderr, want) {
			t.Errorf("%q: exit code %d, want 2 and %q:\n%s%s", image, code, want, stdout, stderr)
		}
	}
}
