package seal

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/shell"
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
find /var/log -xdev -type f \( \( -name '*.gz' -o -name '*.xz' -o -name '*.zst' -o -name '*.old' -o -name '*.[0-9]' -o -name '*-[0-9]*' \
  -o -path '/var/log/*' ! -path '/var/log/*/*' \) -delete -o -exec sh -c 'for f; do : > "$f"; done' sh {} + \)`},
	// The guest's own policy labelled what was made while it ran; what was moved
	// or copied with its attributes may be wrong.
	{"selinux-labels", "SELinux labels, where SELinux is on: the first boot makes them anew", `
if grep -Eqs '^[[:space:]]*SELINUX=(enforcing|permissive)' /etc/selinux/config && ls /etc/selinux/*/policy/policy.*; then : > /.autorelabel; fi`, ""},
	{"ssh-keys", "the build key and every other authorized key", "", ""},
	{"ssh-dirs", "the rest of every .ssh directory", "", ""},
	{"account", "the account that the build made for itself (--ssh-user), with its home", "", ""},
}

// script returns what removes the item, for sh -eu, by the functions of the pass. A
// path that does not exist is no error. It is empty for the account.
func (i Item) script() string {
	var paths []string
	for line := range strings.Lines(sealedPaths) {
		if fields := strings.Fields(line); len(fields) > 3 && fields[0] == i.Name {
			paths = append(paths, fields[3:]...)
		}
	}
	return strings.TrimSpace(i.before + "\n" + removals(paths) + i.after)
}

// removals returns the commands that remove paths of the list: one for all that the
// same function removes.
func removals(paths []string) string {
	names := make(map[string]string) // of files at any depth, as an expression of find, by directory
	for _, path := range paths {
		if dir, suffix, deep := strings.Cut(path, "/**"); deep && !strings.HasPrefix(path, "!") {
			names[dir] = strings.TrimPrefix(names[dir]+" -o -name "+shell.Quote("*"+suffix), " -o ")
		}
	}
	var calls []string
	arguments := make(map[string][]string) // by the beginning of the command
	for _, path := range paths {
		call, argument := removal(path, names)
		if arguments[call] == nil {
			calls = append(calls, call)
		}
		if !slices.Contains(arguments[call], argument) {
			arguments[call] = append(arguments[call], argument)
		}
	}
	commands := ""
	for _, call := range calls {
		expanded := strings.Join(arguments[call], " ")
		if strings.Contains(expanded, `"$h"`) {
			commands += `set --; for h in $homes; do set -- "$@" ` + expanded + "; done\n"
			expanded = `"$@"`
		}
		commands += call + " " + expanded + "\n"
	}
	return commands
}

// removal returns the function that removes a path of the list, with its first
// argument if that is not a path, and the path. names is an expression for each
// directory of which files at any depth are removed.
func removal(path string, names map[string]string) (call, argument string) {
	form := strings.TrimLeft(path, "!=?")
	dir, _, deep := strings.Cut(form, "/**")
	file, expression, _ := strings.Cut(dir, "|")
	if inHome, found := strings.CutPrefix(file, "~/"); found {
		file = `"$h"/` + inHome
	}
	switch kind := strings.TrimSuffix(path, form); {
	case kind == "=":
		call = "empty"
	case kind == "?":
		call = "lines " + shell.Quote(expression)
	case kind == "!" && deep:
		call = "content"
	case kind == "!":
		call = "trees"
	case deep:
		call = "below " + shell.Quote(names[dir])
	default:
		call = "files"
	}
	if strings.HasPrefix(file, `"`) {
		call += " " // not together with those that are in no home
	}
	return call, file
}
