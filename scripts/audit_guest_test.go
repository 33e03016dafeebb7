package scripts_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/peers"
)

// enter runs $2 with the directory $1 as the root file system, and this host's
// programs in it, but for its services.
const enter = `set -e
cp "$2" "$1/script"
cd "$1"
for d in bin sbin lib lib64; do
  if [ -L "/$d" ]; then cp -P "/$d" .; elif [ -d "/$d" ]; then mkdir "$d"; mount --rbind "/$d" "$d"; fi
done
mkdir -p usr proc dev etc
if [ -d /etc/alternatives ]; then cp -RP /etc/alternatives etc; fi
mount --rbind /usr usr
mount --rbind /proc proc
mount --rbind /dev dev
for d in usr/local usr/lib/systemd lib/systemd; do
  if [ -d "$d" ]; then mount -t tmpfs none "$d"; fi
done
exec chroot . /script`

// auditTree runs audit-guest.sh in a machine's files, and picks what it says of
// one kind of thing.
func auditTree(t *testing.T, files map[string]string, kind string) (findings string) {
	t.Helper()
	peers.Need(t, "unshare", "chroot", "awk", "stat", "od")
	if out, err := exec.Command("unshare", "--map-root-user", "--mount", "true").CombinedOutput(); err != nil {
		peers.Missing(t, "there can be no name space here: "+string(out))
	}
	root := t.TempDir()
	list, err := os.ReadFile("sealed-paths")
	if err != nil {
		t.Fatal(err)
	}
	plantFile(t, root+"/run/stratus-sealed-paths", string(list))
	for path, content := range files {
		plantFile(t, root+path, content)
	}
	cmd := exec.Command("unshare", "--map-root-user", "--mount", "sh", "-c", enter, "sh", root, "audit-guest.sh")
	var says strings.Builder
	cmd.Stderr = &says
	out, err := cmd.Output()
	if err != nil || !strings.HasSuffix(string(out), "\naudit end - - -\n") {
		t.Fatalf("%v\n%s%s", err, out, says.String())
	}
	for line := range strings.Lines(string(out)) {
		if fields := strings.Fields(line); fields[2] == kind {
			findings += fields[1] + " " + fields[3] + "\n"
		}
	}
	return findings
}

// TestAuditGuestHostKeys has cloud-init have replaced a host key, in machines
// where nobody else could have made it, and where somebody could.
func TestAuditGuestHostKeys(t *testing.T) {
	const units, key = "/etc/systemd/system/", "/etc/ssh/ssh_host_ed25519_key"
	// The log is in the time of the machine, and begins before this boot.
	removed := func(at time.Time, key string) string {
		return at.UTC().Format("2006-01-02 15:04:05,000") + " - util.py[DEBUG]: Attempting to remove " + key + "\n"
	}
	log := removed(time.Unix(1, 0), "/etc/ssh/ssh_host_dsa_key") + removed(time.Now(), key)
	for name, test := range map[string]struct {
		path, content string
		want          string
	}{
		"nobody": {"", "", "problem"},
		"our unit": {units + "ssh-host-keys.service", "[Unit]\nAfter=cloud-init.service " +
			"cloud-init-network.service\n[Service]\nExecStart=/usr/bin/ssh-keygen -A\n", "problem"},
		"another's unit": {units + "cloud-init.service", "[Unit]\nBefore=sshd-keygen.service\n[Service]\n" +
			"ExecStart=/usr/bin/cloud-init init\n", "problem"},
		"a masked unit": {units + "sshd-keygen.service", "", "problem"},
		"Fedora's unit": {units + "sshd-keygen@.service", "[Unit]\nBefore=sshd-keygen.target\n[Service]\n" +
			"ExecStart=/usr/libexec/openssh/sshd-keygen %i\n", "unknown"},
		"a unit by its name": {units + "regenerate_ssh_host_keys.service", "[Service]\nExecStart=/sbin/first\n", "unknown"},
		"a unit by its content": {units + "first.service", "[Unit]\nAfter=local-fs.target\n[Service]\n" +
			"ExecStart=/usr/bin/ssh-keygen -A\n", "unknown"},
		"a script": {"/etc/init.d/sshd", "#!/bin/sh\nssh-keygen -A\n", "unknown"},
	} {
		files := map[string]string{
			"/etc/passwd":             "root:x:0:0::/root:/bin/sh\n",
			"/etc/shadow":             "root:*::\n",
			"/var/log/cloud-init.log": log,
		}
		if test.path != "" {
			files[test.path] = test.content
		}
		if diff := cmp.Diff(test.want+" "+key+"\n", auditTree(t, files, "host-key")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if findings := auditTree(t, map[string]string{"/etc/passwd": "", "/etc/shadow": "",
		"/var/log/cloud-init.log": removed(time.Unix(1, 0), key)}, "host-key"); findings != "" {
		t.Errorf("no key was replaced, but: %s", findings)
	}
}
