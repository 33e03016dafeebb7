package remote_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/remote/sshdtest"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func keygen(t *testing.T, args ...string) {
	t.Helper()
	peers.Need(t, "ssh-keygen")
	if out, err := exec.Command("ssh-keygen", args...).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen %q: %v\n%s", args, err, out)
	}
}

// authority signs the host key of a server that is started after it.
func authority(t *testing.T, principal string) (config, public string) {
	t.Helper()
	dir := t.TempDir()
	ca, host := sshdtest.NewKey(t, dir, "ca"), sshdtest.NewKey(t, dir, "host")
	keygen(t, "-q", "-s", ca, "-I", "test", "-h", "-n", principal, host+".pub")
	content, err := os.ReadFile(ca + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("HostKey %s\nHostCertificate %s-cert.pub", host, host), string(content)
}

func TestKnownHosts(t *testing.T) {
	rsa := filepath.Join(t.TempDir(), "rsa")
	keygen(t, "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", rsa)
	rsaPublic, err := os.ReadFile(rsa + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	server := sshdtest.Start(t, "HostKey "+rsa)
	place := fmt.Sprintf("[%s]:%s", server.Host, server.Port)
	other, err := os.ReadFile(sshdtest.NewKey(t, t.TempDir(), "other") + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	changed := place + " " + string(other)
	for name, test := range map[string]struct {
		known string
		want  []string // in the error; nil is none
	}{
		"first key":  {known: server.KnownHostsLine(0)},
		"second key": {known: server.KnownHostsLine(1)},
		"rsa":        {known: place + " " + string(rsaPublic)},
		"several":    {known: "# comment\n\n" + changed + server.KnownHostsLine(0)},
		"empty":      {want: []string{"not in known_hosts", "SHA256:", "ssh -p " + server.Port, "ssh-keyscan"}},
		"port 22": {
			known: strings.Replace(server.KnownHostsLine(0), place, server.Host, 1),
			want:  []string{"not in known_hosts"},
		},
		"changed": {known: "# comment\n" + changed, want: []string{"has changed", "SHA256:", "known_hosts:2"}},
		"revoked": {
			known: "@revoked * " + strings.TrimPrefix(server.KnownHostsLine(0), place) + server.KnownHostsLine(0),
			want:  []string{"revoked", "known_hosts:1"},
		},
		"host that is not": {
			known: "[127.0.0.2]:" + server.Port + " " + string(other), want: []string{"not in known_hosts"},
		},
	} {
		checkKnown(t, server, name, test.known, test.want)
	}
}

func TestAuthority(t *testing.T) {
	certified, ca := authority(t, "127.0.0.1")
	_, otherCA := authority(t, "127.0.0.1")
	server := sshdtest.Start(t, certified)
	of := fmt.Sprintf("@cert-authority [%s]:%s ", server.Host, server.Port)
	for name, test := range map[string]struct {
		known string
		want  []string
	}{
		"only":            {of + ca, nil},
		"indented":        {"\t" + of + ca, nil},
		"beside a key":    {server.KnownHostsLine(1) + of + ca, nil},
		"two":             {of + otherCA + of + ca, nil},
		"another":         {of + otherCA, []string{"authorities"}},
		"of another host": {strings.Replace(of, server.Host, "127.0.0.2", 1) + ca, []string{"not in known_hosts"}},
		"revoked":         {"@revoked * " + ca + of + ca, []string{"revoked"}},
	} {
		checkKnown(t, server, name, test.known, test.want)
	}
}

// checkKnown is checkDial with these known hosts, also with hashed names.
func checkKnown(t *testing.T, server *sshdtest.Server, name, known string, want []string) {
	t.Helper()
	for _, hashed := range []bool{false, true} {
		t.Run(fmt.Sprintf("%s, hashed %t", name, hashed), func(t *testing.T) {
			o := server.Options()
			o.KnownHosts = filepath.Join(t.TempDir(), "known_hosts")
			write(t, o.KnownHosts, known)
			if hashed {
				keygen(t, "-q", "-H", "-f", o.KnownHosts)
			}
			checkDial(t, server, o, want)
		})
	}
}

// checkDial wants a session, or ErrCredentials with all of the texts.
func checkDial(t *testing.T, server *sshdtest.Server, o remote.Options, want []string) {
	t.Helper()
	session, err := remote.DialSFTP(t.Context(), server.User, server.Host, server.Port, o)
	if want == nil {
		if err != nil {
			t.Fatal(err)
		}
		if err := session.Close(); err != nil {
			t.Error(err)
		}
		return
	}
	if !errors.Is(err, remote.ErrCredentials) {
		t.Fatalf("got %v, want ErrCredentials", err)
	}
	for _, text := range want {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("got %v, want one that says %q", err, text)
		}
	}
}

// A host that has no key of the known types is not the known one.
func TestNoCommonHostKey(t *testing.T) {
	server := sshdtest.Start(t, "HostKeyAlgorithms ecdsa-sha2-nistp256")
	o := server.Options()
	o.KnownHosts = filepath.Join(t.TempDir(), "known_hosts")
	write(t, o.KnownHosts, server.KnownHostsLine(0))
	checkDial(t, server, o, []string{"known_hosts", "ssh-ed25519"})
}

func TestCertificateOfOtherHost(t *testing.T) {
	certified, ca := authority(t, "other.example")
	server := sshdtest.Start(t, certified)
	o := server.Options()
	o.KnownHosts = filepath.Join(t.TempDir(), "known_hosts")
	write(t, o.KnownHosts, fmt.Sprintf("@cert-authority [%s]:%s %s", server.Host, server.Port, ca))
	checkDial(t, server, o, []string{"127.0.0.1", "principal"})
}

func TestDefaultKnownHosts(t *testing.T) {
	server := sshdtest.Start(t)
	home := t.TempDir()
	t.Setenv("HOME", home)
	o := server.Options()
	o.KnownHosts = ""
	checkDial(t, server, o, []string{"not in known_hosts"})
	if err := os.Mkdir(filepath.Join(home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(home, ".ssh", "known_hosts"), server.KnownHostsLine(1))
	checkDial(t, server, o, nil)
}

func TestKnownHostsUnusable(t *testing.T) {
	server := sshdtest.Start(t)
	o := server.Options()
	o.KnownHosts = filepath.Join(t.TempDir(), "known_hosts")
	_, err := remote.DialSFTP(t.Context(), server.User, server.Host, server.Port, o)
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), o.KnownHosts) {
		t.Errorf("got %v, want one that names %q", err, o.KnownHosts)
	}
	write(t, o.KnownHosts, server.KnownHostsLine(0)+"host ssh-ed25519 ####\n")
	_, err = remote.DialSFTP(t.Context(), server.User, server.Host, server.Port, o)
	if err == nil || !strings.Contains(err.Error(), o.KnownHosts+":2") {
		t.Errorf("got %v, want one that names the line", err)
	}
}
