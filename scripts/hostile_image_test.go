package scripts_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
)

// sh runs a script with arguments.
func sh(t *testing.T, script string, args ...string) {
	t.Helper()
	out, err := exec.Command("sh", append([]string{"-euc", "PATH=$PATH:/usr/sbin:/sbin\n" + script, "sh"}, args...)...).
		CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// hostileDisk is a sealed disk with a link and a file in /srv, whose entries then
// get other names of the same lengths, such as no file system lets anybody make.
func hostileDisk(t *testing.T, target, link, linkAs, file, fileAs string) (disk string) {
	t.Helper()
	disk = t.TempDir() + "/disk.raw"
	content := t.TempDir() + "/content"
	plantFile(t, content, "hostile\n")
	sh(t, `truncate -s 64M "$2"
mke2fs -q -t ext4 -O ^metadata_csum -d "$1" "$2"
debugfs -w -R "symlink /srv/$3 $4" "$2" 2>&1
debugfs -w -R "write $5 /srv/$6" "$2" 2>&1`, sealedTree(t), disk, link, target, content, file)
	image, err := os.ReadFile(disk)
	if err != nil {
		t.Fatal(err)
	}
	for name, as := range map[string]string{link: linkAs, file: fileAs} {
		if len(name) != len(as) || bytes.Count(image, []byte(name)) != 1 {
			t.Fatalf("%q is %d times in the disk, to become %q", name, bytes.Count(image, []byte(name)), as)
		}
		image = bytes.Replace(image, []byte(name), []byte(as), 1)
	}
	if err := os.WriteFile(disk, image, 0o600); err != nil {
		t.Fatal(err)
	}
	return disk
}

// TestCheckSealedWritesNothingElsewhere looks into disks that would have debugfs
// write to other files of this host.
func TestCheckSealedWritesNothingElsewhere(t *testing.T) {
	peers.Need(t, "bash", "virt-sysprep", "qemu-img", "sfdisk", "mke2fs", "debugfs", "unshare", "chroot")
	for name, test := range map[string]struct{ linkAs, fileAs string }{
		"a file through a link of its name": {"hostile-entry-01", "hostile-entry-01"},
		"a name that leads upwards":         {"hostile-link-001", "../../../victims"},
	} {
		t.Run(name, func(t *testing.T) {
			// check-sealed has its directory in here, and its tree in there.
			top := t.TempDir()
			t.Setenv("TMPDIR", top)
			victim := top + "/victims"
			disk := hostileDisk(t, victim, "hostile-link-001", test.linkAs, "hostile-file-001", test.fileAs)
			if err := os.MkdirAll(top+"/plain/tree", 0o755); err != nil {
				t.Fatal(err)
			}
			sh(t, `debugfs -R "rdump /srv $1" "$2" 2>&1`, top+"/plain/tree", disk)
			if content, err := os.ReadFile(victim); err != nil || string(content) != "hostile\n" {
				t.Skipf("this debugfs is not fooled: %q, %v", content, err)
			}
			plantFile(t, victim, "precious\n")
			code, stdout, stderr := runScript(t, t.TempDir(), "./check-sealed", disk)
			if content, err := os.ReadFile(victim); err != nil || string(content) != "precious\n" {
				t.Errorf("a file of this host: %q, %v", content, err)
			}
			if code != 2 || stdout != "" || !strings.Contains(stderr, "reading its /srv: ") {
				t.Errorf("exit code %d, want 2:\n%s%s", code, stdout, stderr)
			}
			if left, err := filepath.Glob(top + "/check-sealed.*"); err != nil || len(left) > 0 {
				t.Errorf("left: %q, %v", left, err)
			}
		})
	}
}

// TestCheckSealedNames looks into a disk with a file whose name would have the
// terminal do something, and into one whose directories nobody may read.
func TestCheckSealedNames(t *testing.T) {
	peers.Need(t, "bash", "virt-sysprep", "qemu-img", "sfdisk", "mke2fs", "debugfs", "unshare", "chroot")
	tree := sealedTree(t)
	plantFile(t, tree+"/tmp/\x1b]0;x\a\xc2\x9b1mé", "x")
	plantFile(t, tree+"/home/jane/.ssh/key", "x")
	if err := os.Chmod(tree+"/home/jane", 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(tree+"/home/jane", 0o700) })
	code, stdout, stderr := runScript(t, t.TempDir(), "./check-sealed", makeDisk(t, tree, "0"))
	for _, want := range []string{"tmp-files                FOUND: /tmp/?]0;x???1m??\n", "ssh-userdir              " +
		"FOUND: /home/jane/.ssh/key\n"} {
		if code != 1 || !strings.Contains(stdout, want) {
			t.Errorf("exit code %d, want 1 and %q:\n%q%s", code, want, stdout, stderr)
		}
	}
}

// TestCheckSealedForeign looks into images of every format, and into those whose
// disk is in other files of this host.
func TestCheckSealedForeign(t *testing.T) {
	peers.Need(t, "bash", "virt-sysprep", "qemu-img", "sfdisk", "mke2fs", "debugfs", "unshare", "chroot")
	base := makeDisk(t, sealedTree(t), "0")
	script, err := filepath.Abs("check-sealed")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	sh(t, `for format in qcow2 vmdk vdi vpc vhdx qed; do qemu-img convert -O "$format" "$1" "disk.$format"; done
qemu-img convert -O vmdk -o subformat=streamOptimized "$1" stream.vmdk
qemu-img convert -O raw "$1" ./nbd:disk
qemu-img create -q -f qcow2 -b "$1" -F qcow2 backed.qcow2
qemu-img create -q -f vmdk -b disk.vmdk -F vmdk backed.vmdk
qemu-img convert -O vmdk -o subformat=monolithicFlat "$1" flat.vmdk
qemu-img create -q -f qcow2 -o data_file=data.raw,data_file_raw=on data.qcow2 64M
qemu-img convert -O raw "$1" data.raw`, base)
	for image, want := range map[string]string{
		"disk.qcow2": "", "disk.vmdk": "", "disk.vdi": "", "disk.vpc": "", "disk.vhdx": "", "stream.vmdk": "", "nbd:disk": "",
		"disk.qed": `the format "qed" is not supported`, "backed.qcow2": "in another file", "backed.vmdk": "in another file",
		"flat.vmdk": "in other files", "data.qcow2": "in another file",
	} {
		code, stdout, stderr := runScript(t, t.TempDir(), script, image)
		if good := code == 0 && stderr == ""; good != (want == "") || !good && (code != 2 || stdout != "") ||
			!strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, want %q:\n%s%s", image, code, want, stdout, stderr)
		}
	}
}
