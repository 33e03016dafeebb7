package recipe

import (
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/stratus-create-image/internal/repotest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/sandboxtest"
)

// proxied serves a signed repository of a kind in the place of a proxy.
func proxied(t *testing.T, installer Installer) (key, url string, asked *repotest.Requests) {
	t.Helper()
	dir := t.TempDir()
	if installer == Apt {
		key = signedDebs(t, dir)
	} else {
		signer := repotest.NewSigner(t)
		repotest.RPMs(t, dir, signer, repotest.Pair...)
		key = signer.KeyFile(t)
	}
	url, asked = serve(t, dir)
	return key, url, asked
}

// TestProxy has package managers use a proxy whether or not the guest has one of
// its own, which is dead. Nothing of ours stays: not in logs, that of sudo
// included, and not in the package managers' histories.
func TestProxy(t *testing.T) {
	const dead = "http://127.0.0.1:1"
	for _, test := range []struct {
		name      string
		installer Installer
		own       string // makes the guest's settings
		remember  string // a file in which the package manager names what it has done
	}{
		{"apt", Apt, "rm -f /etc/apt/apt.conf", "/var/log/apt/history.log"},
		{"apt with a proxy", Apt,
			`echo 'Acquire::http::Proxy "` + dead + `";' | tee /etc/apt/apt.conf >/etc/apt/apt.conf.d/99own`, "/var/log/apt/history.log"},
		{"dnf", Dnf, "mkdir -p /etc/dnf; echo '[main]' >/etc/dnf/dnf.conf", "/var/lib/dnf/history.sqlite*"},
		{"dnf with a proxy", Dnf, "mkdir -p /etc/dnf; printf '[main]\nproxy_username = me\nproxy = " + dead + "\ncachedir = " +
			"/var/cache/own\n' >/etc/dnf/dnf.conf", "/var/lib/dnf/history.sqlite*"},
		{"zypper", Zypper, "true", "/var/log/zypp/history"},
	} {
		t.Run(test.name, func(t *testing.T) {
			peers.Need(
				t,
				"sudo",
				"useradd",
				map[Installer]string{Apt: "apt-get", Dnf: "dnf", Zypper: "zypper"}[test.installer],
			)
			key, url, asked := proxied(t, test.installer)
			s := sandboxtest.Start(t)
			root := s.Login("root")
			sandboxtest.Output(t, root, "set -e; "+test.own+`
useradd -m -s /bin/sh -p x jane
printf 'Defaults logfile=/var/log/sudo.log\njane ALL=(ALL) NOPASSWD:ALL\n' >/etc/sudoers.d/jane
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*
rm -rf /etc/yum.repos.d/* /etc/zypp/repos.d/* /var/lib/dnf /var/log/dnf* /var/log/zyp*
mkdir -p /etc/rpm; echo '%_dbpath /var/lib/rpm' >/etc/rpm/macros
touch /run/before`)
			repo := "[key=" + key + "] http://through.the.proxy.invalid"
			if test.installer == Apt {
				repo += " ./"
			}
			r := &Recipe{
				Installer: test.installer,
				Repos:     repos(t, repo),
				Packages:  install("stratus-beta"),
				Proxy:     Proxy(url),
			}
			if err := apply(t, s.Login("jane"), s, r); err != nil {
				t.Error(err)
			}
			if !strings.Contains(asked.Text(), "http://through.the.proxy.invalid/") {
				t.Errorf("the proxy was asked for:\n%s", asked.Text())
			}
			sandboxtest.Output(t, root, "grep -l stratus-beta "+test.remember+"; grep -l COMMAND /var/log/sudo.log")
			host := strings.TrimPrefix(url, "http://")
			const find = "find / -xdev -type f -newer /run/before -exec grep -lF -e "
			if left := sandboxtest.Output(t, root, find+host+" {} + || true; ls /var/tmp"); left != "" {
				t.Errorf("left behind:\n%s", left)
			}
		})
	}
}
