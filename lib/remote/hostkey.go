package remote

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// hostCheck decides whether a host is the one that known_hosts has.
type hostCheck struct {
	address    string   // host:port
	algorithms []string // that the host can prove itself with
	known      ssh.HostKeyCallback
	accepted   bool  // the host has proven itself
	objection  error // why it has not
}

func newHostCheck(address, file string) (*hostCheck, error) {
	files := []string{file}
	if file == "" {
		var err error
		if files, err = defaultKnownHosts(); err != nil {
			return nil, err
		}
	}
	known, err := knownhosts.NewDB(files...)
	if err != nil {
		return nil, fmt.Errorf("reading SSH host keys: %w", err)
	}
	h := &hostCheck{address: strings.ToLower(address), known: known.HostKeyCallback()}
	// A host with several keys would otherwise show one of another type, which
	// would look as if its key had changed.
	usable := known.HostKeyAlgorithms(h.address)
	for _, algorithm := range ssh.SupportedAlgorithms().HostKeys {
		if slices.Contains(usable, algorithm) || len(usable) == 0 && !strings.Contains(algorithm, "-cert-v01@") {
			h.algorithms = append(h.algorithms, algorithm)
		}
	}
	if len(h.algorithms) == 0 {
		return nil, unproven(errors.New("known_hosts has only keys of types that are no longer secure"))
	}
	return h, nil
}

// defaultKnownHosts returns those of the usual files that exist.
func defaultKnownHosts() ([]string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, fmt.Errorf("looking for SSH host keys: %w", err)
	}
	var files []string
	for _, file := range []string{filepath.Join(home, ".ssh", "known_hosts"), "/etc/ssh/ssh_known_hosts"} {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		files = append(files, file)
	}
	return files, nil
}

// check is an ssh.HostKeyCallback.
func (h *hostCheck) check(address string, remote net.Addr, key ssh.PublicKey) error {
	err := h.known(address, remote, key)
	if err == nil {
		h.accepted = true
		return nil
	}
	h.objection = h.explain(err, key.Type()+" "+ssh.FingerprintSHA256(key))
	return h.objection
}

func (h *hostCheck) explain(err error, got string) error {
	host, port, splitErr := net.SplitHostPort(h.address)
	if splitErr != nil {
		return splitErr
	}
	var keys *xknownhosts.KeyError
	var revoked *xknownhosts.RevokedError
	switch {
	case errors.As(err, &revoked):
		return fmt.Errorf("the key of the host (%s) is revoked in %s:%d", got, revoked.Revoked.Filename, revoked.Revoked.Line)
	case !errors.As(err, &keys):
		return fmt.Errorf("the key of the host (%s): %w", got, err)
	case len(keys.Want) == 0:
		return fmt.Errorf("the key of the host is not in known_hosts: it shows %s; "+
			"if that is right, add it: run ssh -p %s %s once, or see ssh-keyscan(1)", got, port, host)
	}
	var want []string
	for _, key := range keys.Want {
		want = append(want, fmt.Sprintf("%s %s (%s:%d)", key.Key.Type(), ssh.FingerprintSHA256(key.Key), key.Filename, key.Line))
	}
	return fmt.Errorf("the host key has changed: this may be an attack: got %s, want %s", got, strings.Join(want, " or "))
}
