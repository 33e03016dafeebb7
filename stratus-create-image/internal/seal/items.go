package seal

// Item is one thing that sealing removes.
type Item struct {
	Name string // as --no-seal takes it
	What string // for people
	// script is run by sh -eu as root; what is not there is no error. It is empty
	// for the account, which goes last: see Account.
	script string
}

// homes lists root's home and every user's, one in a line: those that accounts
// have, and those that accounts may have left.
const homes = `homes=$(echo /root; ls -d /home/* 2>/dev/null || true; cut -d: -f6 /etc/passwd | grep '^/.' || true)
IFS='
'; `

// items are in the order in which they are removed: what still writes is
// stopped before its files go. Where packages have directories, only the files
// in them go.
var items = []Item{
	{"package-cache", "package lists and caches, locks of the package database", `
if command -v apt-get; then apt-get clean; rm -rf /var/lib/apt/lists/*; fi
if command -v dnf; then dnf -q clean all; elif command -v yum; then yum -q clean all; fi
if command -v zypper; then zypper --quiet clean --all; fi
rm -rf /var/cache/dnf/* /var/cache/yum/* /var/cache/apk/* /var/cache/pacman/pkg/* /var/cache/zypp*/*
rm -f /var/lib/rpm/__db.*
if [ -d /var/cache/apt/archives ]; then find /var/cache/apt/archives -xdev -type f -delete; fi`},
	{"cloud-init", "the state of cloud-init and the network settings that it wrote", `
rm -rf /var/lib/cloud/* /run/cloud-init /var/log/cloud-init*.log
rm -f /etc/netplan/50-cloud-init.yaml /etc/network/interfaces.d/50-cloud-init* /etc/systemd/network/10-cloud-init-*
rm -f /etc/NetworkManager/system-connections/cloud-init-* /etc/sysconfig/network-scripts/ifcfg-eth0.cloud-init`},
	{"dhcp", "leases of DHCP clients and servers", `
rm -rf /var/lib/dhcp/* /var/lib/dhclient/* /var/lib/dhcpd/* /var/lib/dhcpcd/*.lease* /var/lib/NetworkManager/*lease*
rm -rf /var/lib/NetworkManager/secret_key /var/lib/NetworkManager/timestamps`},
	{"network", "host names and hardware addresses in network settings, and NetworkManager's connections", `
for f in /etc/sysconfig/network-scripts/ifcfg-*; do
  if [ -f "$f" ]; then sed -i '/^[[:space:]]*\(HOSTNAME\|DHCP_HOSTNAME\|HWADDR\)=/d' "$f"; fi
done
rm -f /etc/NetworkManager/system-connections/*.nmconnection`},
	{"udev-net", "udev rules that bind names to network cards", `
rm -f /etc/udev/rules.d/*persistent-net.rules /etc/udev/rules.d/*persistent-cd.rules`},
	{"blkid", "old lists of block devices", `
rm -f /etc/blkid.tab* /etc/blkid/blkid.tab* /var/run/blkid.tab*`},
	// Stopping the service writes the file a last time; at shutdown it is then
	// not written any more.
	{"random-seed", "the random seed", `
if command -v systemctl; then systemctl stop systemd-random-seed.service || true; fi
rm -f /var/lib/systemd/random-seed /var/lib/random-seed /var/lib/urandom/random-seed /var/lib/seedrng/* /var/lib/misc/random-seed`},
	{"ssh-host-keys", "ssh host keys", `
rm -f /etc/ssh/*_host_*`},
	{"machine-id", "the machine's identity", `
if [ -e /etc/machine-id ]; then : > /etc/machine-id; fi
if [ -f /var/lib/dbus/machine-id ] && [ ! -L /var/lib/dbus/machine-id ]; then rm -f /var/lib/dbus/machine-id; fi
rm -f /var/lib/systemd/credential.secret`},
	{"registrations", "registrations with domains, vendors and subscriptions: Kerberos, IPA, Red Hat, yum, smolt", `
rm -f /etc/krb5.keytab /etc/ipa/ca.crt /etc/ipa/default.conf /var/lib/ipa-client/sysrestore/* /var/lib/ipa-client/pki/*
if ls /etc/pki/ca-trust/source/anchors/ipa-ca.crt /usr/local/share/ca-certificates/ipa-ca.crt /etc/pki/ca-trust/source/ipa.p11-kit 2>/dev/null; then
  rm -f /etc/pki/ca-trust/source/anchors/ipa-ca.crt /usr/local/share/ca-certificates/ipa-ca.crt /etc/pki/ca-trust/source/ipa.p11-kit
  if command -v update-ca-trust; then update-ca-trust extract; elif command -v update-ca-certificates; then update-ca-certificates --fresh; fi
fi
rm -f /etc/pki/consumer/* /etc/pki/entitlement/* /etc/sysconfig/rhn/systemid /etc/sysconfig/rhn/osad-auth.conf
rm -f /etc/smolt/uuid /etc/smolt/hw-uuid /etc/sysconfig/hw-uuid /var/lib/yum/uuid`},
	{"server-data", "data that servers have gathered: dovecot, puppet, samba, sssd", `
for d in /var/lib/dovecot /var/lib/puppet /var/lib/samba /var/lib/sss/db; do
  if [ -d "$d" ]; then find "$d" -xdev -mindepth 1 -maxdepth 3 -type f -delete; fi
done`},
	{"cron", "jobs of users' crontabs and of at; those of /etc/cron.* stay", `
for d in /var/spool/cron /var/spool/at /var/spool/atjobs /var/spool/atspool; do
  if [ -d "$d" ]; then find "$d" -xdev -type f -delete; fi
done`},
	{"mail", "mail of users", `
for d in /var/spool/mail/ /var/mail/; do
  if [ -d "$d" ]; then find "$d" -xdev -type f -delete; fi
done`},
	{"crash-data", "crash dumps", `
for d in /var/crash /var/log/dump /var/spool/abrt /var/lib/systemd/coredump; do
  if [ -d "$d" ]; then find "$d" -xdev -mindepth 1 -delete; fi
done`},
	{"passwd-backups", "former versions of the user database", `
rm -f /etc/passwd- /etc/shadow- /etc/group- /etc/gshadow- /etc/subuid- /etc/subgid-`},
	{"backup-files", "editors' backups (*.bak and *~) in /etc, /root, /srv and /var", `
for d in /etc /root /srv /var; do
  if [ -d "$d" ]; then find "$d" -xdev -type f \( -name '*.bak' -o -name '*~' \) -delete; fi
done`},
	{"history", "shell histories", homes + `
for h in $homes; do rm -f "$h"/.*_history "$h"/.lesshst "$h"/.viminfo "$h"/.wget-hsts; done`},
	{"tmp", "temporary files", `
find /tmp /var/tmp -mindepth 1 -xdev -delete || true`},
	{"login-records", "who logged in, and failed to", `
rm -f /var/log/wtmp* /var/log/btmp* /var/log/lastlog* /var/log/faillog* /var/log/tallylog* /var/lib/lastlog/* /var/lib/wtmpdb/*
rm -f /var/run/utmp /var/run/console/* /var/run/faillock/* /var/run/sepermit/* /var/lib/sudo/lectured/*
rm -f /var/account/pacct* /var/log/account/pacct*`},
	// The journal goes to memory first, or it would be written again. What
	// programs expect to find, in directories of their own, is emptied.
	{"logs", "logs, and what installers leave", `
if command -v journalctl; then journalctl --relinquish-var || true; fi
rm -rf /var/log/journal/* /var/log/installer
find /var/log -xdev -type f \( -name '*.gz' -o -name '*.xz' -o -name '*.zst' -o -name '*.old' -o -name '*.[0-9]' -o -name '*-[0-9]*' \) -delete
find /var/log -xdev -maxdepth 1 -type f -delete
for d in BackupPC ConsoleKit anaconda apache2 apt audit ceph chrony cups exim4 firewalld gdm glusterfs httpd jetty libvirt lightdm \
  mail ntp ntpstats ppp puppet rhsm sa samba setroubleshoot squid sssd tuned; do
  if [ -d "/var/log/$d" ]; then find "/var/log/$d" -xdev -type f -delete; fi
done
find /var/log -xdev -type f -exec sh -c 'for f; do : > "$f"; done' sh {} +
rm -f /root/anaconda-ks.cfg /root/anaconda-post.log /root/initial-setup-ks.cfg /root/original-ks.cfg /root/install.log*
rm -f /var/lib/logrotate.status /var/named/data/named.run /etc/Pegasus/*.c* /etc/Pegasus/*.pem /etc/Pegasus/*.srl
for d in /var/cache/man /var/cache/fontconfig /var/cache/gdm /var/lib/AccountService/users /var/lib/fprint; do
  if [ -d "$d" ]; then find "$d" -xdev -type f -delete; fi
done`},
	// The guest's own policy labelled what was made while it ran; what was moved
	// or copied with its attributes may be wrong.
	{"selinux-labels", "SELinux labels, where SELinux is on: the first boot makes them anew", `
if grep -Eqs '^[[:space:]]*SELINUX=(enforcing|permissive)' /etc/selinux/config && ls /etc/selinux/*/policy/policy.*; then : > /.autorelabel; fi`},
	{"ssh-keys", "the build key and every other authorized key", homes + `
for h in $homes; do rm -f "$h"/.ssh/authorized_keys "$h"/.ssh/authorized_keys2 "$h"/.ssh/known_hosts*; done`},
	{"ssh-dirs", "the rest of every .ssh directory", homes + `
for h in $homes; do rm -rf "$h"/.ssh; done`},
	{"account", "the account that the build made for itself (--ssh-user), with its home", ""},
}
