package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/stratuslab/stratus/stratus-create-image/internal/words"
	"golang.org/x/crypto/ssh"
)

// sshHost is the name under which a kept machine's ssh_config knows it.
const sshHost = "vm"

// keepRunning leaves the machine to the user. The product is the directory in
// which everything about it is found.
func (r *run) keepRunning() error {
	if err := r.keep(r.call.Log.Infof); err != nil {
		return err
	}
	return r.call.WriteProduct("", []byte(r.dir+"\n"))
}

// keepFailed leaves the machine of a failed build to the user, if that is
// wanted. An interrupted build is one that nobody waits for.
func (r *run) keepFailed(ctx context.Context, err error) error {
	if !r.options.KeepOnFailure || ctx.Err() != nil || r.vm.Ended(0) != nil {
		return err
	}
	return errors.Join(err, r.keep(r.call.Log.Warnf))
}

// keep writes down how to reach the machine, and tells.
func (r *run) keep(tell func(format string, args ...any)) error {
	address := strings.Split(r.vm.Address(), ":")
	file := func(name string) string { return filepath.Join(r.dir, name) }
	files := []struct{ name, content string }{
		{"id_ed25519", string(r.seed.LoginPEM)},
		{"known_hosts", sshHost + " " + string(ssh.MarshalAuthorizedKey(r.seed.HostKey))},
		{"pid", fmt.Sprintln(r.vm.Pid())},
		{"ssh_config", fmt.Sprintf(`Host %s
  HostName %s
  Port %s
  User %s
  HostKeyAlias %s
  IdentityFile %q
  IdentitiesOnly yes
  UserKnownHostsFile %q
  StrictHostKeyChecking yes
`, sshHost, address[0], address[1], r.options.SSHUser, sshHost, file("id_ed25519"), file("known_hosts"))},
	}
	for _, f := range files {
		if err := os.WriteFile(file(f.name), []byte(f.content), 0o600); err != nil {
			return fmt.Errorf("keeping the machine: %w", err)
		}
	}
	r.kept = true
	tell("the machine is left running, process %d", r.vm.Pid())
	tell("log in:    %s", words.Join("ssh", "-F", file("ssh_config"), sshHost))
	tell("console:   %s", words.Join("socat", "-,raw,echo=0", "UNIX-CONNECT:"+file("console.sock")))
	tell("stop it:   kill %d && rm -r %s", r.vm.Pid(), words.Quote(r.dir))
	return nil
}
