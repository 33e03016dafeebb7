package sshdtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
)

// StartAgent runs ssh-agent with the keys until the test ends.
func StartAgent(t testing.TB, keys ...string) (socket string) {
	t.Helper()
	peers.Need(t, "ssh-agent", "ssh-add")
	dir, err := os.MkdirTemp("", "agent") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket = filepath.Join(dir, "s")
	said := regexp.MustCompile(`SSH_AGENT_PID=(\d+)`).FindStringSubmatch(run(t, "ssh-agent", "-s", "-a", socket))
	if said == nil {
		t.Fatal("ssh-agent does not say its process")
	}
	pid, err := strconv.Atoi(said[1])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGTERM) })
	for _, key := range keys {
		run(t, "env", "SSH_AUTH_SOCK="+socket, "ssh-add", "-q", key)
	}
	return socket
}
