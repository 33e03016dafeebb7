// Package seal takes out of a guest what must not be in an image that others
// start: keys, identities, and traces of the machine that it was made on. It
// must not know how the guest came to run, nor what becomes of it.
package seal

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/words"
)

// Item is one thing that sealing removes.
type Item struct {
	Name string // as --no-seal takes it
	What string // for people
	// script is run by sh -eu as root; what is not there is no error.
	script string
}

// homes lists root's home and every user's.
const homes = `homes="/root $(ls -d /home/* 2>/dev/null || true)"; `

// items are in the order in which they are removed: what still writes is
// stopped before its files go.
var items = []Item{
	{"package-cache", "package lists and caches", `
if command -v apt-get; then apt-get clean; rm -rf /var/lib/apt/lists/*; fi
if command -v dnf; then dnf -q clean all; elif command -v yum; then yum -q clean all; fi
if command -v zypper; then zypper --quiet clean --all; fi
rm -rf /var/cache/dnf/* /var/cache/yum/* /var/cache/apk/* /var/cache/pacman/pkg/*`},
	{"cloud-init", "the state of cloud-init and the network settings that it wrote", `
rm -rf /var/lib/cloud/* /run/cloud-init /var/log/cloud-init*.log
rm -f /etc/netplan/50-cloud-init.yaml /etc/network/interfaces.d/50-cloud-init* /etc/systemd/network/10-cloud-init-*
rm -f /etc/NetworkManager/system-connections/cloud-init-* /etc/sysconfig/network-scripts/ifcfg-eth0.cloud-init`},
	{"dhcp", "DHCP leases", `
rm -rf /var/lib/dhcp/*.lease* /var/lib/dhclient/* /var/lib/dhcpcd/*.lease* /var/lib/NetworkManager/*lease*
rm -rf /var/lib/NetworkManager/secret_key /var/lib/NetworkManager/timestamps`},
	{"udev-net", "udev rules that bind names to network cards", `
rm -f /etc/udev/rules.d/*persistent-net.rules /etc/udev/rules.d/*persistent-cd.rules`},
	// Stopping the service writes the file a last time; at shutdown it is then
	// not written any more.
	{"random-seed", "the random seed", `
if command -v systemctl; then systemctl stop systemd-random-seed.service || true; fi
rm -f /var/lib/systemd/random-seed /var/lib/random-seed /var/lib/urandom/random-seed /var/lib/seedrng/*`},
	{"ssh-host-keys", "ssh host keys", `
rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub`},
	{"machine-id", "the machine's identity", `
if [ -e /etc/machine-id ]; then : > /etc/machine-id; fi
if [ -f /var/lib/dbus/machine-id ] && [ ! -L /var/lib/dbus/machine-id ]; then rm -f /var/lib/dbus/machine-id; fi
rm -f /var/lib/systemd/credential.secret`},
	{"history", "shell histories", homes + `
for h in $homes; do rm -f "$h"/.*_history "$h"/.lesshst "$h"/.viminfo "$h"/.wget-hsts; done`},
	{"tmp", "temporary files", `
find /tmp /var/tmp -mindepth 1 -xdev -delete || true`},
	// The journal goes to memory first, or it would be written again.
	{"logs", "logs", `
if command -v journalctl; then journalctl --relinquish-var || true; fi
rm -rf /var/log/journal/* /var/log/installer /var/crash/*
find /var/log -xdev -type f \( -name '*.gz' -o -name '*.xz' -o -name '*.zst' -o -name '*.old' -o -name '*.[0-9]' -o -name '*-[0-9]*' \) -delete
find /var/log -xdev -type f -exec sh -c 'for f; do : > "$f"; done' sh {} +`},
	{"ssh-keys", "the build key and every other authorized key", homes + `
for h in $homes; do rm -f "$h"/.ssh/authorized_keys "$h"/.ssh/authorized_keys2 "$h"/.ssh/known_hosts*; done`},
}

// Plan is what one sealing removes.
type Plan struct {
	Items   []Item
	Exclude []string // more paths, with shell patterns
}

// NewPlan leaves out the named items and checks the paths to exclude.
func NewPlan(without, exclude []string) (*Plan, error) {
	off := make(map[string]bool)
	for _, name := range without {
		off[name] = true
	}
	p := &Plan{Exclude: exclude}
	for _, item := range items {
		if !off[item.Name] {
			p.Items = append(p.Items, item)
		}
		delete(off, item.Name)
	}
	for name := range off {
		return nil, fmt.Errorf("reading what not to seal: %q: allowed are %s", name, strings.Join(Names(), ", "))
	}
	for _, pattern := range exclude {
		if !path.IsAbs(pattern) || path.Clean(pattern) != strings.TrimRight(pattern, "/") || strings.Count(pattern, "/") < 2 && strings.ContainsAny(pattern, "*?[") {
			return nil, fmt.Errorf("reading the path %q to exclude: an absolute path below the root is expected, without %q", pattern, "..")
		}
	}
	return p, nil
}

// Names lists the items in their order.
func Names() []string {
	names := make([]string, len(items))
	for i, item := range items {
		names[i] = item.Name
	}
	return names
}

// Apply seals the guest. loginKey is the public key that must not be found in
// it afterwards, without its comment.
func (p *Plan) Apply(ctx context.Context, g *guest.Guest, loginKey string, say func(format string, args ...any)) error {
	for _, pattern := range p.Exclude {
		say("sealing: removing %q", pattern)
		// With an empty IFS the unquoted variable is matched, but never split.
		command := "set -eu; IFS=; p=" + words.Quote(pattern) + "; rm -rf -- $p"
		if err := g.Run(ctx, "exclude", command); err != nil {
			return fmt.Errorf("removing %q: %w", pattern, err)
		}
	}
	for _, item := range p.Items {
		say("sealing: removing %s (%s)", item.What, item.Name)
		if _, err := g.Output(ctx, item.Name, "set -eu; "+item.script); err != nil {
			return fmt.Errorf("removing %s: %w", item.What, err)
		}
		if item.Name == "ssh-keys" {
			if err := checkKeyGone(ctx, g, loginKey); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkKeyGone looks for the build key where keys, settings and logs are.
func checkKeyGone(ctx context.Context, g *guest.Guest, loginKey string) error {
	fields := strings.Fields(loginKey)
	if len(fields) < 2 {
		return fmt.Errorf("looking for the build key: it has an unknown form")
	}
	places := "/root /home /etc /var/lib/cloud /var/log /tmp /var/tmp"
	found, err := g.Output(ctx, "looking for the build key", "grep -rlsF -e "+words.Quote(fields[1])+" "+places+" || true")
	if err != nil {
		return err
	}
	if found != "" {
		return fmt.Errorf("looking for the build key: it is still in %q", strings.Fields(found))
	}
	return nil
}
