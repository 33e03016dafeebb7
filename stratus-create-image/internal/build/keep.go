package build

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/lib/shell"
)

// sshHost is the name of a kept machine in its ssh_config.
const sshHost = "vm"

// keepRunning leaves the machine to the user. The product is the directory in
// which everything about it is found.
func (r *run) keepRunning() error {
	if err := r.keep(r.log.Infof); err != nil {
		return err
	}
	return r.Product([]byte(r.dir + "\n"))
}

// keepFailed leaves the machine of a failed build to the user, if the request says
// so and the build was not interrupted.
func (r *run) keepFailed(ctx context.Context, err error) error {
	if !r.KeepFailed || ctx.Err() != nil || r.machine == nil || r.ended(time.Second) != nil {
		return err
	}
	return errors.Join(err, r.keep(r.log.Warnf))
}

// keep writes files with which the user logs in to the machine, and prints how.
func (r *run) keep(logf func(format string, args ...any)) error {
	kept, err := r.machine.Keep()
	if err != nil {
		return fmt.Errorf("keeping the machine: %w", err)
	}
	host, port, err := net.SplitHostPort(kept.Address)
	if err != nil {
		return fmt.Errorf("keeping the machine: %w", err)
	}
	file := func(name string) string { return filepath.Join(r.dir, name) }
	type content struct{ name, text string }
	var files []content
	key, check := r.hostKey(), "yes"
	if key == nil {
		check = "accept-new" // on this host's own port, where only the machine answers
	}
	config := fmt.Sprintf("Host %s\n  HostName %s\n  Port %s\n  User %s\n  HostKeyAlias %s\n  UserKnownHostsFile %s\n  StrictHostKeyChecking %s\n",
		sshHost, host, port, r.User, sshHost, sshPath(file("known_hosts")), check)
	if len(r.disks) > 0 { // without a context, the user's own keys log in
		config += fmt.Sprintf("  IdentityFile %s\n  IdentitiesOnly yes\n", sshPath(file("id_ed25519")))
		files = append(files, content{"id_ed25519", string(r.seed.LoginPEM)})
	}
	files = append(files, content{"ssh_config", config})
	if key != nil {
		files = append(files, content{"known_hosts", sshHost + " " + string(ssh.MarshalAuthorizedKey(key))})
	}
	for _, f := range files {
		if err := os.WriteFile(file(f.name), []byte(f.text), 0o600); err != nil {
			return fmt.Errorf("keeping the machine: %w", err)
		}
	}
	r.kept = true
	logf("the machine is left running, %s", kept.Name)
	logf("log in:    %s", shell.Join("ssh", "-F", file("ssh_config"), sshHost))
	if kept.Console != nil {
		logf("console:   %s", shell.Join(kept.Console...))
	}
	logf("stop it:   %s && rm -r %s", shell.Join(kept.Stop...), shell.Quote(r.dir))
	return nil
}

// sshPath quotes a path for ssh_config, where % has a meaning.
func sshPath(path string) string { return fmt.Sprintf("%q", strings.ReplaceAll(path, "%", "%%")) }

// hostKey returns the machine's host key, nil where it is not known.
func (r *run) hostKey() ssh.PublicKey {
	switch {
	case r.guest != nil:
		return r.guest.HostKey
	case len(r.disks) > 0:
		return r.seed.HostKey
	}
	return nil
}
