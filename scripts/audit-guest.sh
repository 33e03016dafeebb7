#!/bin/sh
# Runs in a machine that audit-image started from an image, and looks for what must
# not be published.  Prints a line for each finding: "audit", LEVEL, KIND, SUBJECT
# and an explanation.  Bytes of a SUBJECT other than plain characters are written
# as %XX.  The content of files is never printed.
#
# Files that this boot made are not part of the image.  A file is part of the image
# if its status was last changed before the boot; for files that the boot changed
# or removed, LEVEL is "unknown".
set -u
if [ $# -gt 0 ]; then
    echo 'audit-guest.sh: too many arguments: audit-image runs this in a machine, without any' >&2
    exit 2
fi
LC_ALL=C
export LC_ALL
# The list of what must not be in an image, which audit-image copies here.
list=/run/stratus-sealed-paths
if [ ! -r "$list" ]; then
    echo "audit-guest.sh: \"$list\" cannot be read" >&2
    exit 2
fi
boot=$(awk '/^btime/ { print $2 }' /proc/stat)

# plain prints standard input as one word.
plain() {
    od -An -v -tx1 | tr -d ' \n' | awk '{
        for (i = 1; i < length($0); i += 2) {
            x = substr($0, i, 2); n = (index("0123456789abcdef", substr(x, 1, 1)) - 1) * 16 + index("0123456789abcdef", substr(x, 2, 1)) - 1
            c = sprintf("%c", n)
            printf "%s", (n < 128 && c ~ /[A-Za-z0-9@._\/:+,=~-]/) ? c : "%" toupper(x)
        }
    }'
}

# report LEVEL KIND SUBJECT TEXT prints a finding.
report() {
    printf 'audit %s %s %s %s\n' "$1" "$2" "$(printf %s "$3" | plain)" "$4"
}

# is_new FILE reports whether this boot made or changed the file.
is_new() { [ "$(stat -c %Z "$1" 2>/dev/null || echo 0)" -ge "$boot" ]; }

# file KIND FILE TEXT reports a file, unless it is missing or empty.
file() {
    [ -s "$2" ] || return 0
    if is_new "$2"; then
        report unknown "$1" "$2" "$3 (this boot wrote it; the image may have had another)"
    else
        report problem "$1" "$2" "$3"
    fi
}

homes() { awk -F: '$6 != "" && $6 != "/" { print $6 }' /etc/passwd | sort -u | while read -r h; do [ ! -d "$h" ] || echo "$h"; done; }

# listed KIND prints the files of that kind that match the list.
listed() {
    awk -v kind="$1" '$2 == kind { for (i = 4; i <= NF; i++) print $i }' "$list" | while read -r pattern; do
        case $pattern in
        \~/*)
            homes | while read -r h; do
                for f in "$h"${pattern#'~'}; do [ ! -f "$f" ] || printf '%s\n' "$f"; done
            done
            ;;
        *) for f in ${pattern#=}; do [ ! -f "$f" ] || printf '%s\n' "$f"; done ;;
        esac
    done
}

# old KIND TEXT reports the files of that kind that are older than the boot.
old() {
    listed "$1" | while read -r f; do
        if [ -s "$f" ] && ! is_new "$f"; then report problem "$1" "$f" "$2"; fi
    done
}

contextualization() {
    some=
    for p in cloud-init stratuslab-one-context one-context onecontext vmcontext cloudinit-net waagent amazon-ssm-agent; do
        if command -v "$p" >/dev/null || [ -e "/etc/init.d/$p" ] || [ -e "/lib/systemd/system/$p.service" ] || [ -e "/usr/bin/$p" ]; then
            report note context-package "$p" 'takes keys and user data at boot'
            some=1
        fi
    done
    [ -n "$some" ] || report problem context-package none 'no program takes keys and user data at boot'
}

passwords() {
    level=problem text='has a password, whose hash would be published'
    if is_new /etc/shadow; then level=unknown text='has a password (this boot changed the file)'; fi
    while IFS=: read -r user hash _; do
        case $hash in
        '') report problem empty-password "$user" 'logs in without a password' ;;
        '!'* | '*'*) ;;
        *) report "$level" password "$user" "$text" ;;
        esac
    done </etc/shadow
}

# seeded KEY reports whether the key is on a disk with this machine's context.
seeded() {
    for d in /dev/disk/by-label/cidata /dev/disk/by-label/CIDATA /dev/disk/by-label/config-2 /dev/disk/by-label/CONTEXT; do
        if [ -e "$d" ] && grep -qaF -e "$1" "$d"; then return 0; fi
    done
    return 1
}

keys() {
    homes | while read -r h; do
        for f in "$h/.ssh/authorized_keys" "$h/.ssh/authorized_keys2"; do
            [ -f "$f" ] || continue
            grep -Eo 'AAAA[A-Za-z0-9+/]+=*' "$f" | sort -u | while read -r key; do
                seeded "$key" || report problem authorized-key "$f" "accepts a key that ends with ...$(printf %s "$key" | tail -c 12)"
            done
        done
        for f in "$h"/.*_history; do
            [ -f "$f" ] || continue
            n=$(grep -Eic '(passw(or)?d|secret|token|api_?key)[^ ]*[= ]|AKIA[0-9A-Z]{16}|://[^/ ]+:[^/ ]+@' "$f")
            [ "$n" = 0 ] || report problem secret "$f" "$n lines may contain a secret"
        done
    done
    old known-hosts 'lists hosts of its maker'
    old private-key 'a private key, by its name'
    old history 'commands of its maker'
    old credentials 'holds credentials, by its name'
    for d in /etc /root /home /srv /opt /var/lib /var/www /usr/local; do
        [ ! -d "$d" ] || find "$d" -xdev -type f -size -64 ! -path '/etc/ssh/*_host_*' ! -path '*/.ssh/*' ! -path '/var/lib/cloud/*' \
            -exec grep -lI -e '^-----BEGIN [A-Z ]*PRIVATE KEY' {} + 2>/dev/null
    done | while read -r f; do file private-key "$f" 'a private key'; done
}

# made_early reports whether a service other than cloud-init may have made host
# keys before cloud-init replaced them.  A service that starts after cloud-init
# cannot have.
made_early() {
    for f in /etc/systemd/system/*.service /usr/local/lib/systemd/system/*.service /usr/lib/systemd/system/*.service /lib/systemd/system/*.service \
        /etc/init.d/* /etc/rc.d/init.d/* /etc/rc.local /etc/rc.d/rc.local; do
        # A masked service is empty.
        [ -s "$f" ] || continue
        # Other services only name such units, to start before or after them.
        case ${f##*/} in
        *keygen* | *host*key*) ;;
        *.service) grep -qs '^Exec.*keygen' "$f" || continue ;;
        *) grep -qs '^[^#]*ssh-keygen' "$f" || continue ;;
        esac
        grep -Eqs '^After=(.* )?cloud-init(-network)?\.service' "$f" || return 0
    done
    return 1
}

# host_keys reports host keys.  cloud-init replaces them when the machine starts, and
# logs their names.
host_keys() {
    old host-key 'every machine would have the same'
    from=$(date -u -d "@$boot" '+%Y-%m-%d %H:%M:%S')
    gone=$(awk -v from="$from" '$0 >= from && /Attempting to remove \/etc\/ssh\/ssh_host_/ { print $NF }' /var/log/cloud-init.log 2>/dev/null | sort -u)
    level=problem text='every machine without cloud-init would have the same'
    if made_early; then level=unknown text='cloud-init replaced it: it is from the image, or from a service earlier in this boot'; fi
    for f in $gone; do report "$level" host-key "$f" "$text"; done
    if [ -z "$gone" ] && [ ! -s /var/log/cloud-init.log ]; then report unknown host-key /etc/ssh 'there is no log whether this boot replaced them'; fi
}

identity() {
    listed machine-id | while read -r f; do
        [ -L "$f" ] || file machine-id "$f" 'every machine would have the same'
    done
    old random-seed 'every machine would start with it'
    old lease 'a lease of another network'
    listed udev-rule | while read -r f; do
        if [ -s "$f" ] && [ ! -L "$f" ] && ! is_new "$f"; then report problem udev-rule "$f" "binds a name to the network card of its maker"; fi
    done
    if [ -d /var/lib/cloud/instances ]; then
        now=$(basename "$(readlink -f /var/lib/cloud/instance)")
        for d in /var/lib/cloud/instances/*; do
            [ ! -d "$d" ] || [ "${d##*/}" = "$now" ] || report problem cloud-init "$d" 'the state of an earlier instance'
        done
    fi
    old kerberos "the host's key"
    find /var/log -xdev -type f -size +0 2>/dev/null | while read -r f; do
        is_new "$f" || echo "$f"
    done | { n=0; while read -r f; do n=$((n + 1)); last=$f; done; [ "$n" = 0 ] || report note logs "$last" "is in the image, with $((n - 1)) more log files"; }
}

settings() {
    sshd=$(command -v sshd || echo /usr/sbin/sshd)
    if "$sshd" -T 2>/dev/null | grep -qx 'passwordauthentication yes'; then
        report note ssh-password /etc/ssh/sshd_config 'the ssh server takes passwords'
    fi
}

contextualization
passwords
keys
host_keys
identity
settings
echo 'audit end - - -'
