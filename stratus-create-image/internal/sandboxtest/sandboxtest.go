// Package sandboxtest gives tests a guest without a machine: an ssh server in a
// copy-on-write view of this host, where root may change anything and nothing of
// it stays. It is for tests only, and must not know what they do there.
package sandboxtest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/stratus-create-image/internal/contextualize"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// Sandbox is one view of this host.
type Sandbox struct {
	t     testing.TB
	login guest.Login
	// Seed has the keys of the server and of those who log in.
	Seed *contextualize.Seed

	mu    sync.Mutex
	lines []string
}

// setUp mounts the view and starts the server in it: $1 is an empty directory,
// $2 holds the server's files. The host's services and its users' files are out of
// reach.
const setUp = `set -e
mount --make-rprivate /
mount -t tmpfs sandbox "$1"
cd "$1"
mkdir upper work root
mount -t overlay sandbox -o lowerdir=/,upperdir=upper,workdir=work root
mount -t proc proc root/proc
mount --rbind /dev root/dev
mount -t tmpfs run root/run
for d in tmp var/tmp root home; do mount -t tmpfs sandbox "root/$d"; done
chmod 1777 root/tmp root/var/tmp
chmod 700 root/root
cp -r "$2" root/run/sandbox
chmod 755 root/run/sandbox
chmod 644 root/run/sandbox/authorized_keys
mkdir -m 755 root/run/sshd
ulimit -n 1024 # rpm goes through all that there may be
exec chroot root /usr/sbin/sshd -D -e -f /run/sandbox/config`

const config = `ListenAddress 127.0.0.1
HostKey /run/sandbox/host
AuthorizedKeysFile /run/sandbox/authorized_keys
StrictModes no
PidFile none
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
Subsystem sftp internal-sftp
`

// Start makes a view. The test is skipped where this host does not let us.
func Start(t testing.TB) *Sandbox {
	t.Helper()
	peers.Need(t, "/usr/sbin/sshd", "unshare")
	if os.Geteuid() != 0 {
		peers.Missing(t, "only root can mount a view of this host")
	}
	if out, err := exec.CommandContext(t.Context(), "unshare", "--mount", "--pid", "--fork", "sh", "-c", "mount -t tmpfs try /mnt").CombinedOutput(); err != nil {
		peers.Missing(t, "nothing can be mounted here: "+string(out))
	}
	files := t.TempDir()
	seed, err := contextualize.NewSeed("root")
	if err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	write(t, files+"/host", string(seed.HostPEM))
	write(t, files+"/authorized_keys", seed.LoginKey()+"\n")
	write(t, files+"/config", "Port "+port+"\n"+config)
	s := &Sandbox{t: t, login: guest.Login{Address: address, Keys: []ssh.Signer{seed.Login}, HostKey: seed.HostKey}, Seed: seed}
	s.serve(t.TempDir(), files)
	return s
}

func (s *Sandbox) serve(dir, files string) {
	cmd := exec.CommandContext(s.t.Context(), "unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", setUp, "sh", dir, files)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var says strings.Builder
	cmd.Stderr = &says
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if s.t.Failed() {
			s.t.Logf("the ssh server:\n%s", says.String())
		}
	})
}

// Login logs in as a user that the view has.
func (s *Sandbox) Login(user string) *guest.Guest {
	s.t.Helper()
	login := s.login
	login.User = user
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	g, err := guest.Wait(ctx, login, func(label, line string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.lines = append(s.lines, label+"| "+line)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(g.Close)
	return g
}

// Root returns how root logs in.
func (s *Sandbox) Root() guest.Login {
	login := s.login
	login.User = "root"
	return login
}

// Lines are what all commands have printed that were not asked for their output.
func (s *Sandbox) Lines() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n")
}

// Output runs a shell command in the guest, as root, and gives what it prints.
func Output(t testing.TB, g *guest.Guest, command string) string {
	t.Helper()
	out, err := g.Output(context.Background(), "test", command)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return out
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Clean(path), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
