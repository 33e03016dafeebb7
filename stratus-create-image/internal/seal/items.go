package seal

import (
	_ "embed"
	"fmt"
	"strings"
)

// sealedPaths lists the paths of the items; its comment explains the format.
//
//go:embed sealed-paths
var sealedPaths string

// Item is one thing that sealing removes.
type Item struct {
	Name string // as --no-seal takes it
	What string // for people
	// before and after are run around the removal of the item's paths, by sh -eu
	// as root.
	before, after string
}

// items are in the order in which they are removed: what still writes is
// stopped before its files go. Where packages have directories, only the files
// in them go. The account is removed last: see Account.
var items = []Item{
	{"package-cache", "package lists and caches, locks of the package database", `
if command -v apt-get; then apt-get clean; fi
if command -v dnf; then dnf -q clean all; elif command -v yum; then yum -q clean all; fi
if command -v zypper; then zypper --quiet clean --all; fi`, ""},
	{"cloud-init", "the state of cloud-init and the network settings that it wrote", "", ""},
	{"dhcp", "leases of DHCP clients and servers", "", ""},
	{"network", "host names and hardware addresses in network settings, and NetworkManager's connections", "", ""},
	{"udev-net", "udev rules that bind names to network cards", "", ""},
	{"blkid", "old lists of block devices", "", ""},
	// Stopping the service writes the file a last time; at shutdown it is then
	// not written any more.
	{"random-seed", "the random seed", "if command -v systemctl; then systemctl stop systemd-random-seed.service || true; fi", ""},
	{"ssh-host-keys", "ssh host keys", "", ""},
	{"machine-id", "the machine's identity", "", `
if [ -f /var/lib/dbus/machine-id ] && [ ! -L /var/lib/dbus/machine-id ]; then rm -f /var/lib/dbus/machine-id; fi`},
	{"registrations", "registrations with domains, vendors and subscriptions: Kerberos, IPA, Red Hat, yum, smolt", `
ipa=$(ls /etc/pki/ca-trust/source/anchors/ipa-ca.crt /usr/local/share/ca-certificates/ipa-ca.crt /etc/pki/ca-trust/source/ipa.p11-kit 2>/dev/null || true)`, `
if [ -n "$ipa" ]; then
  if command -v update-ca-trust; then update-ca-trust extract; elif command -v update-ca-certificates; then update-ca-certificates --fresh; fi
fi`},
	{"server-data", "data that servers have gathered: dovecot, puppet, samba, sssd", "", ""},
	{"cron", "jobs of users' crontabs and of at; those of /etc/cron.* stay", "", ""},
	{"mail", "mail of users", "", ""},
	{"crash-data", "crash dumps", "", ""},
	{"passwd-backups", "former versions of the user database", "", ""},
	{"backup-files", "editors' backups (*.bak and *~) in /etc, /root, /srv and /var", "", ""},
	{"history", "shell histories", "", ""},
	{"tmp", "temporary files", "find /tmp /var/tmp -mindepth 1 -xdev -delete || true", ""},
	{"login-records", "who logged in, and failed to", "", ""},
	// The journal goes to memory first, or it would be written again. What
	// programs expect to find, in directories of their own, is emptied.
	{"logs", "logs, and what installers leave", "if command -v journalctl; then journalctl --relinquish-var || true; fi", `
find /var/log -xdev -type f \( -name '*.gz' -o -name '*.xz' -o -name '*.zst' -o -name '*.old' -o -name '*.[0-9]' -o -name '*-[0-9]*' \) -delete
find /var/log -xdev -maxdepth 1 -type f -delete
find /var/log -xdev -type f -exec sh -c 'for f; do : > "$f"; done' sh {} +`},
	// The guest's own policy labelled what was made while it ran; what was moved
	// or copied with its attributes may be wrong.
	{"selinux-labels", "SELinux labels, where SELinux is on: the first boot makes them anew", `
if grep -Eqs '^[[:space:]]*SELINUX=(enforcing|permissive)' /etc/selinux/config && ls /etc/selinux/*/policy/policy.*; then : > /.autorelabel; fi`, ""},
	{"ssh-keys", "the build key and every other authorized key", "", ""},
	{"ssh-dirs", "the rest of every .ssh directory", "", ""},
	{"account", "the account that the build made for itself (--ssh-user), with its home", "", ""},
}

// homes sets a variable to root's home and every user's, one in a line: those
// that accounts have, and those that accounts may have left.
const homes = `homes=$(echo /root; ls -d /home/* 2>/dev/null || true; cut -d: -f6 /etc/passwd | grep '^/.' || true)
IFS='
'
`

// script returns what removes the item, for sh -eu. A path that does not exist is
// no error. It is empty for the account.
func (i Item) script() string {
	var removals strings.Builder
	for line := range strings.Lines(sealedPaths) {
		if fields := strings.Fields(line); len(fields) > 3 && fields[0] == i.Name {
			for _, path := range fields[3:] {
				removals.WriteString(removal(path))
			}
		}
	}
	if strings.Contains(removals.String(), "$homes") {
		return homes + i.before + "\n" + removals.String() + i.after
	}
	return strings.TrimSpace(i.before + "\n" + removals.String() + i.after)
}

// removal returns the commands that remove a path of the list.
func removal(path string) string {
	if form := strings.TrimLeft(path, "!=?"); strings.HasPrefix(form, "~/") {
		inHome := strings.TrimSuffix(path, form) + `"$h"` + form[1:]
		return "for h in $homes; do\n" + removal(inHome) + "done\n"
	}
	all := strings.HasPrefix(path, "!")
	path = strings.TrimPrefix(path, "!")
	dir, suffix, deep := strings.Cut(path, "/**")
	switch {
	case strings.HasPrefix(path, "="):
		return fmt.Sprintf("if [ -e %[1]s ]; then : >%[1]s; fi\n", path[1:])
	case strings.HasPrefix(path, "?"):
		file, expression, _ := strings.Cut(path[1:], "|")
		return fmt.Sprintf("for f in %s; do if [ -f \"$f\" ]; then sed -E -i '/%s/d' \"$f\"; fi; done\n", file, expression)
	case deep && all:
		return fmt.Sprintf("for d in %s; do if [ -d \"$d\" ]; then find \"$d\" -xdev -mindepth 1 -delete; fi; done\n", dir)
	case deep: // the directory may be a link, as /var/spool/mail is
		return fmt.Sprintf("for d in %s; do if [ -d \"$d\" ]; then find \"$d/\" -xdev -type f -name '*%s' -delete; fi; done\n", dir, suffix)
	case all:
		return fmt.Sprintf("rm -rf %s\n", path)
	}
	return fmt.Sprintf("for f in %s; do if [ ! -d \"$f\" ] || [ -L \"$f\" ]; then rm -f \"$f\"; fi; done\n", path)
}
