package remote

import (
	"bufio"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
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
	known, err := knownhosts.New(files...)
	if err != nil {
		return nil, fmt.Errorf("reading SSH host keys: %w", err)
	}
	h := &hostCheck{address: strings.ToLower(address), known: known}
	h.algorithms, err = h.usable()
	return h, err
}

// defaultKnownHosts gives those of the usual files that exist.
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

// usable gives the algorithms of the keys that known_hosts has for the host. A
// host with several keys would otherwise show one of another type, which would
// look as if its key had changed.
func (h *hostCheck) usable() ([]string, error) {
	types, authority, err := h.knownTypes()
	if err != nil {
		return nil, err
	}
	var algorithms []string
	for _, algorithm := range ssh.SupportedAlgorithms().HostKeys {
		certificate := strings.Contains(algorithm, "-cert-v01@")
		keyType := algorithm
		if algorithm == ssh.KeyAlgoRSASHA256 || algorithm == ssh.KeyAlgoRSASHA512 {
			keyType = ssh.KeyAlgoRSA
		}
		unknown := len(types) == 0 && !authority
		if certificate && authority || !certificate && (types[keyType] || unknown) {
			algorithms = append(algorithms, algorithm)
		}
	}
	if len(algorithms) == 0 {
		return nil, unproven(errors.New("known_hosts has only keys of types that are no longer secure"))
	}
	return algorithms, nil
}

// knownTypes gives the types of the keys for the host, and whether there is an
// authority for it. It asks with a key that no host has.
func (h *hostCheck) knownTypes() (types map[string]bool, authority bool, err error) {
	nobody, err := ssh.NewPublicKey(ed25519.PublicKey(make([]byte, ed25519.PublicKeySize)))
	if err != nil {
		return nil, false, err
	}
	types = make(map[string]bool)
	var keys *knownhosts.KeyError
	if !errors.As(h.known(h.address, &net.TCPAddr{}, nobody), &keys) {
		return types, false, nil
	}
	for _, key := range keys.Want {
		ofAuthority, err := isAuthority(key)
		if err != nil {
			return nil, false, err
		}
		if ofAuthority {
			authority = true
		} else {
			types[key.Key.Type()] = true
		}
	}
	return types, authority, nil
}

// isAuthority looks at the line that the key is from, for only that tells.
func isAuthority(key knownhosts.KnownKey) (bool, error) {
	f, err := os.Open(key.Filename)
	if err != nil {
		return false, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for range key.Line {
		if !lines.Scan() {
			return false, fmt.Errorf("reading SSH host keys: %q changes", key.Filename)
		}
	}
	return strings.HasPrefix(strings.TrimLeft(lines.Text(), " \t"), "@cert-authority"), nil
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
	var keys *knownhosts.KeyError
	var revoked *knownhosts.RevokedError
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
	return fmt.Errorf("THE KEY OF THE HOST HAS CHANGED, somebody may stand between: got %s, want %s", got, strings.Join(want, " or "))
}
