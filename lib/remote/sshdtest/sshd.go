// Package sshdtest runs OpenSSH's own server for tests. It must not know what is
// stored there.
package sshdtest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/remote"
)

// Server is sshd on a port of the loopback interface, with keys of its own.
type Server struct {
	User, Host, Port string
	Key              string   // path of a private key that logs in; it has no passphrase
	KnownHosts       string   // path of a file with all keys of the server
	HostKeys         []string // paths of the private keys of the server

	t        testing.TB
	config   string
	listener net.Listener
	serving  sync.WaitGroup

	mutex    sync.Mutex
	closed   bool
	sessions map[*exec.Cmd]bool
	log      bytes.Buffer
}

// Start runs sshd until the test ends. The lines come first in sshd_config(5),
// where the first value of an option counts. Its sessions serve SFTP, with the
// whole file system and the rights of the test.
func Start(t testing.TB, config ...string) *Server {
	t.Helper()
	peers.Need(t, "sshd", "ssh-keygen")
	dir := t.TempDir()
	current, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if current.Uid == "0" { // where sshd is not a service
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			peers.Missing(t, err.Error())
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, listener: listener, User: current.Username, sessions: make(map[*exec.Cmd]bool)}
	s.Host, s.Port, _ = strings.Cut(listener.Addr().String(), ":")
	s.Key = NewKey(t, dir, "id")
	for _, kind := range []string{"ed25519", "ecdsa"} {
		key := filepath.Join(dir, "host_"+kind)
		run(t, "ssh-keygen", "-q", "-t", kind, "-N", "", "-f", key)
		config = append(config, "HostKey "+key)
		s.HostKeys = append(s.HostKeys, key)
	}
	s.KnownHosts = filepath.Join(dir, "known_hosts")
	write(t, s.KnownHosts, s.KnownHostsLine(0)+s.KnownHostsLine(1))
	s.config = filepath.Join(dir, "sshd_config")
	write(t, s.config, strings.Join(append(config,
		"AuthorizedKeysFile "+s.Key+".pub",
		"PasswordAuthentication no",
		"KbdInteractiveAuthentication no",
		"PermitRootLogin prohibit-password",
		"StrictModes no",
		"UsePAM no",
		"PidFile none",
		"Subsystem sftp internal-sftp",
	), "\n")+"\n")
	s.serving.Go(s.serve)
	t.Cleanup(s.close)
	return s
}

// NewKey makes a key pair without passphrase and gives the path of its private
// half; the other has .pub after it.
func NewKey(t testing.TB, dir, name string) string {
	t.Helper()
	peers.Need(t, "ssh-keygen")
	path := filepath.Join(dir, name)
	run(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path)
	return path
}

// KnownHostsLine is the line for known_hosts with one of HostKeys.
func (s *Server) KnownHostsLine(key int) string {
	s.t.Helper()
	public, err := os.ReadFile(s.HostKeys[key] + ".pub")
	if err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprintf("[%s]:%s %s", s.Host, s.Port, public)
}

// Options are those with which remote.DialSFTP reaches the server.
func (s *Server) Options() remote.Options {
	return remote.Options{SSHKey: s.Key, KnownHosts: s.KnownHosts}
}

// URL is that of an absolute path on the server.
func (s *Server) URL(path string) string {
	return fmt.Sprintf("sftp://%s@%s:%s%s", s.User, s.Host, s.Port, path)
}

// Kill ends all sessions at once, as kill -9 does. New ones can be opened.
func (s *Server) Kill() { s.signal(syscall.SIGKILL) }

// Freeze stops all sessions, which then say nothing more.
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Log is what sshd has said so far.
func (s *Server) Log() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.log.String()
}

// serve runs one sshd per connection, as inetd does: so there is no port that
// another program could take first, and each session can be killed.
func (s *Server) serve() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		if err := s.session(conn.(*net.TCPConn)); err != nil {
			s.t.Errorf("running sshd: %v", err)
			return
		}
	}
}

func (s *Server) session(conn *net.TCPConn) error {
	defer func() { _ = conn.Close() }() // sshd has its own copy
	socket, err := conn.File()
	if err != nil {
		return err
	}
	defer socket.Close()
	program, err := exec.LookPath("sshd") // which wants to be called by its full path
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(context.WithoutCancel(s.t.Context()), program, "-i", "-e", "-f", s.config)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = socket, socket, logger{s}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.closed {
		return nil
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.sessions[cmd] = true
	s.serving.Go(func() {
		_ = cmd.Wait() // its status is that of the session, which the client knows
		s.mutex.Lock()
		defer s.mutex.Unlock()
		delete(s.sessions, cmd)
	})
	return nil
}

func (s *Server) signal(signal syscall.Signal) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for cmd := range s.sessions {
		// ESRCH: it has ended, and Wait is about to say so.
		if err := syscall.Kill(-cmd.Process.Pid, signal); err != nil && err != syscall.ESRCH {
			s.t.Errorf("stopping sshd: %v", err)
		}
	}
}

func (s *Server) close() {
	s.mutex.Lock()
	s.closed = true
	s.mutex.Unlock()
	_ = s.listener.Close()
	s.Kill()
	s.serving.Wait()
	if s.t.Failed() {
		s.t.Logf("sshd:\n%s", s.Log())
	}
}

// logger collects what the processes say.
type logger struct{ *Server }

func (l logger) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.log.Write(p)
}

func run(t testing.TB, name string, args ...string) (output string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
