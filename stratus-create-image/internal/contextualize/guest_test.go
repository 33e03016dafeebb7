package contextualize

import (
	"bytes"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/lib/peers"
)

// pretend makes this system look like a guest that has just started, for one
// command: its own empty /run, /root, /home and /etc/ssh, and a copy of /etc.
const pretend = `set -eu
mount -t tmpfs tmpfs /mnt
mkdir /mnt/etc /mnt/stratuslab
cp -a /etc/passwd /etc/group /etc/shadow /etc/gshadow /etc/login.defs \
    /etc/pam.d /etc/skel /etc/nsswitch.conf /mnt/etc 2>/dev/null || :
mkdir /mnt/etc/sudoers.d
mount --bind /mnt/etc /etc
for dir in /run /root /home; do mount -t tmpfs -o mode=755 tmpfs "$dir"; done
mount --bind "$1" /mnt/stratuslab
mkdir -p /root/.ssh
printf 'ssh-rsa old' >/root/.ssh/authorized_keys
cd /
eval "$2"
`

// inGuest runs a shell command where the directory is on /mnt/stratuslab.
func inGuest(t *testing.T, dir, command string) string {
	t.Helper()
	peers.Need(t, "unshare")
	argv := []string{"-m"}
	if os.Geteuid() != 0 {
		argv = append(argv, "--map-root-user", "--map-auto")
	}
	if out, err := exec.Command("unshare", append(argv, "mount", "-t", "tmpfs", "tmpfs", "/mnt")...).CombinedOutput(); err != nil {
		peers.Missing(t, "no name space can be made: "+string(out))
	}
	cmd := exec.Command("unshare", append(argv, "sh", "-c", pretend, "sh", dir, command)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", command, err, out, &stderr)
	}
	return string(out)
}

// state prints what a context has left in the guest.
const state = `
echo; cat /etc/ssh/ssh_host_ed25519_key
echo ===; cat /etc/ssh/ssh_host_ed25519_key.pub
echo ===; cat /root/.ssh/authorized_keys
echo ===; stat -c '%a %n' /root/.ssh /root/.ssh/* /etc/ssh/*
echo ===; sort -u /run/stratus-context
echo ===; cat /run/ran; find /var/tmp -name 'stratus.*' -newer /run/began`

// script is a user's own: it says that it ran, and with which variable.
var script = []Part{{Name: "it's me.sh", Content: []byte("#!/bin/sh\nprintf '%s|' ran \"${QUOTES-}\" >>/run/ran\n")}}

func TestGuest(t *testing.T) {
	quotes := hostile[0].Value
	for _, c := range []struct {
		name    string
		scheme  Scheme
		command string
		ran     string // what the scripts said
		marks   string
	}{
		{"stratuslab", StratusLab, "sh /mnt/stratuslab/init.sh", "exec|" + quotes + "|ran|" + quotes + "|", "stratuslab\n"},
		{"read in", StratusLab, "bash -uc '. /mnt/stratuslab/init.sh; test -z \"${stratus_keys+set}\"'",
			"exec|" + quotes + "|ran|" + quotes + "|", "stratuslab\n"},
		{"busybox", StratusLab, "busybox sh /mnt/stratuslab/init.sh", "exec|" + quotes + "|ran|" + quotes + "|", "stratuslab\n"},
		{"hepix", HEPiX,
			"cd /mnt/stratuslab; sh ./prolog.sh; test -e /run/first || test ! -e /run/ran; : >/run/first; sh ./epilog.sh",
			"exec|" + quotes + "|ran|" + quotes + "|", "hepix\n"},
		{"both", StratusLab, "sh /mnt/stratuslab/prolog.sh; sh /mnt/stratuslab/init.sh; sh /mnt/stratuslab/epilog.sh",
			"exec|" + quotes + "|ran|" + quotes + "|", "hepix\nstratuslab\n"},
		{"opennebula", OpenNebula, "sh /mnt/stratuslab/start", "ran||", "opennebula\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			peers.Need(t, "bash", "busybox")
			exec := Variable{"SCRIPT_EXEC", "#!/bin/sh\nprintf '%s|' exec \"$QUOTES\" >>/run/ran"}
			x := &Context{Seed: newSeed(t, "root"), Keys: []string{key}, UserData: UserData{Parts: script},
				Variables: []Variable{hostile[0], exec}}
			dir := guestDir(t, x, c.scheme)
			// Twice, as at a second start of what runs it.
			got := strings.Split(inGuest(t, dir, "touch /run/began; "+c.command+"; "+c.command+state), "===\n")
			host, err := ssh.ParsePrivateKey([]byte(got[0]))
			if err != nil || !bytes.Equal(host.PublicKey().Marshal(), x.Seed.HostKey.Marshal()) {
				t.Errorf("host key: %v", err)
			}
			want := []string{
				string(ssh.MarshalAuthorizedKey(x.Seed.HostKey)),
				"ssh-rsa old\n" + x.Seed.LoginKey() + "\n" + key + "\n",
				"700 /root/.ssh\n600 /root/.ssh/authorized_keys\n600 /etc/ssh/ssh_host_ed25519_key\n644 /etc/ssh/ssh_host_ed25519_key.pub\n",
				c.marks, c.ran,
			}
			if diff := cmp.Diff(want, got[1:]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// guestDir is a directory with what the guest finds on a scheme's disk; of
// OpenNebula's, the script in it as the file start.
func guestDir(t *testing.T, c *Context, scheme Scheme) string {
	t.Helper()
	files, _, err := c.Files(scheme)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "disk")
	if err := Save(dir, files); err != nil {
		t.Fatal(err)
	}
	if scheme != OpenNebula {
		return dir
	}
	encoded := strings.TrimSuffix(source(t, "bash", files[0].Content, []string{"START_SCRIPT_BASE64"}), "\x00")
	start, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "start"), start, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestGuestFailure is about scripts that fail, and those that cloud-init runs.
func TestGuestFailure(t *testing.T) {
	parts := []Part{{Name: "bad.sh", Content: []byte("#!/bin/sh\nexit 3")},
		{Name: "good.sh", Content: []byte("#!/bin/sh\necho good >>/run/ran")}}
	c := &Context{UserData: UserData{Parts: parts}}
	dir := guestDir(t, c, StratusLab)
	got := inGuest(t, dir, "sh /mnt/stratuslab/init.sh 2>&1 || echo failed; cat /run/ran")
	if want := "stratus-context: bad.sh: exit status 3\nfailed\ngood\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	dir = guestDir(t, c, OpenNebula)
	got = inGuest(t, dir,
		"mkdir /run/cloud-init; : >/run/cloud-init/enabled; SCRIPT_EXEC='echo exec' sh /mnt/stratuslab/start 2>&1; ls -d /run/[!m]*")
	if want := "exec\nstratus-context: the scripts are left to cloud-init\n" +
		"/run/cloud-init\n/run/stratus-context\n/run/stratus-context.ran\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestGuestUser(t *testing.T) {
	peers.Need(t, "useradd")
	c := &Context{Seed: newSeed(t, "stratus-guest")}
	got := inGuest(t, guestDir(t, c, StratusLab), `sh /mnt/stratuslab/init.sh; sh /mnt/stratuslab/init.sh
getent passwd stratus-guest | cut -d: -f5
stat -c '%U %a' /home/stratus-guest/.ssh /home/stratus-guest/.ssh/authorized_keys
cat /home/stratus-guest/.ssh/authorized_keys /etc/sudoers.d/*; cat /root/.ssh/authorized_keys`)
	if want := c.Seed.Mark + "\nstratus-guest 700\nstratus-guest 600\n" + c.Seed.LoginKey() +
		"\nstratus-guest ALL=(ALL) NOPASSWD:ALL\nssh-rsa old"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestShellcheck reads the longest of the generated scripts.
func TestShellcheck(t *testing.T) {
	peers.Need(t, "shellcheck")
	c := &Context{Seed: newSeed(t, "root"), UserData: UserData{Parts: script}}
	cmd := exec.Command("shellcheck", "-s", "sh", "-")
	cmd.Stdin = strings.NewReader(c.startScript())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestTakenCommand runs the command where nothing, and where all was taken.
func TestTakenCommand(t *testing.T) {
	dir := t.TempDir()
	if got := ParseTaken(inGuest(t, dir, TakenCommand)); got != nil {
		t.Errorf("got %q from nothing", got)
	}
	got := ParseTaken(inGuest(t, dir, `printf 'hepix\nstratuslab\nhepix\nodd\n' >/run/stratus-context; mkdir /run/cloud-init
echo '{"v1": {"datasource": "DataSourceNoCloud [seed=/dev/vdb][dsmode=net]", "errors": []}}' \
    >/run/cloud-init/result.json; `+TakenCommand))
	if want := []string{"hepix", "stratuslab", "cloud-init (NoCloud)"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzParseTaken(f *testing.F) {
	f.Add("context stratuslab\ncloud-init\n{\"v1\": {\"datasource\": \"DataSourceConfigDrive [net,ver=2]\"}}")
	f.Add("cloud-init\n{\"v1\": {\"datasource\": null}}")
	f.Add("cloud-init\n{\"v1\": {\"datasource\": \"DataSourceNone\"}}")
	f.Add("cloud-init\n[")
	f.Fuzz(func(t *testing.T, output string) {
		for _, name := range ParseTaken(output) {
			if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r > '~' }) || len(name) > 60 {
				t.Fatalf("%q gave %q", output, name)
			}
		}
	})
}
