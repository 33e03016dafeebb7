package contextualize

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// hook is the directory of what images need that take StratusLab's context.
const hook = "../../../scripts/context"

// TestHook lets the guest's side find a disk by its label, mount it and run
// what is on it. The disk's file system is one that every kernel can mount.
func TestHook(t *testing.T) {
	peers.Need(t, "mke2fs", "losetup", "findfs")
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a disk")
	}
	command, err := filepath.Abs(filepath.Join(hook, "stratuslab-context"))
	if err != nil {
		t.Fatal(err)
	}
	run := command + " prolog; cat /root/.ssh/authorized_keys; test -e /run/ran || echo prolog; " +
		command + " epilog; cat /run/ran; ls /mnt/stratuslab"
	dir := guestDir(t, &Context{Keys: []string{key}, UserData: UserData{Parts: script}}, StratusLab)

	image := filepath.Join(t.TempDir(), "disk")
	if out, err := exec.Command("mke2fs", "-q", "-t", "ext2", "-L", "_STRATUSLAB", "-d", dir, image,
		"2M").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	device, err := exec.Command("losetup", "-f", "--show", image).Output()
	if err != nil {
		t.Skipf("no loop device: %v", err)
	}
	defer func() {
		if err := exec.Command("losetup", "-d", strings.TrimSpace(string(device))).Run(); err != nil {
			t.Error(err)
		}
	}()
	// An empty directory is where the disk is mounted.
	if got, want := inGuest(t, t.TempDir(), run), "ssh-rsa old\n"+key+"\nprolog\nran||"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestUnits lets systemd read the services, with the command where it is.
func TestUnits(t *testing.T) {
	peers.Need(t, "systemd-analyze")
	dir, err := filepath.Abs(hook)
	if err != nil {
		t.Fatal(err)
	}
	argv := []string{"verify"}
	to := t.TempDir()
	for _, unit := range []string{"stratuslab-context-prolog.service", "stratuslab-context-epilog.service"} {
		text, err := os.ReadFile(filepath.Join(dir, unit))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(to, unit)
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), "/usr/local/sbin", dir)), 0o600); err != nil {
			t.Fatal(err)
		}
		argv = append(argv, file)
	}
	if out, err := exec.Command("systemd-analyze", argv...).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestLogin logs in to a real ssh server with the build's key, and expects the
// build's host key, which nothing but the context brought there.
func TestLogin(t *testing.T) {
	peers.Need(t, "sshd", "unshare")
	if os.Geteuid() != 0 {
		t.Skip("only root can log in as root")
	}
	c := &Context{Seed: newSeed(t, "root")}
	for _, l := range []struct {
		scheme Scheme
		script string
	}{{StratusLab, "init.sh"}, {HEPiX, "prolog.sh"}, {OpenNebula, "start"}} {
		t.Run(string(l.scheme), func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			address := listener.Addr().String()
			_, port, _ := net.SplitHostPort(address)
			if err := listener.Close(); err != nil { // for the server
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			server := exec.CommandContext(ctx, "unshare", "-m", "sh", "-c", pretend, "sh", guestDir(t, c, l.scheme),
				"sh /mnt/stratuslab/"+l.script+"; mkdir /run/sshd; exec "+sshd(t)+" -D -e -f /dev/null -p "+port)
			var log bytes.Buffer // read after the server has ended
			server.Stderr = &log
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				cancel()
				if _ = server.Wait(); t.Failed() { // it was killed
					t.Logf("sshd: %s", &log)
				}
			}()
			login := guest.Login{Address: address, User: "root", Keys: []ssh.Signer{c.Seed.Login}, HostKey: c.Seed.HostKey}
			g, err := guest.Wait(ctx, login, func(string, string) {})
			if err != nil {
				t.Fatal(err)
			}
			defer g.Close()
			output, err := g.Output(ctx, "taken", TakenCommand)
			if got := ParseTaken(output); err != nil || !slices.Equal(got, []string{string(l.scheme)}) {
				t.Errorf("taken: %q, %v", got, err)
			}
		})
	}
}

// sshd is the server's path: it does not start under a relative one.
func sshd(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("sshd")
	if err != nil {
		t.Fatal(err)
	}
	return path
}
