#!/bin/sh
# Looks, inside of a machine that was started from an image for this purpose, for
# what the image would publish.  Run by audit-image; prints a line for each
# finding: "audit", LEVEL, KIND, SUBJECT, words of explanation.  Every byte of a
# SUBJECT that is no plain character is %XX.  Contents are never printed.
#
# The machine has been started: what this boot made is no part of the image.  A
# file is taken for the image's if its status was last changed before the boot;
# for what the boot changed or removed, LEVEL is "unknown".
set -u
if [ $# -gt 0 ]; then
    echo 'audit-guest.sh: audit-image runs this in a machine, without arguments' >&2
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

# plain: standard input as one word.
plain() {
    od -An -v -tx1 | tr -d ' \n' | awk '{
        for (i = 1; i < length($0); i += 2) {
            x = substr($0, i, 2); n = (index("0123456789abcdef", substr(x, 1, 1)) - 1) * 16 + index("0123456789abcdef", substr(x, 2, 1)) - 1
            c = sprintf("%c", n)
            printf "%s", (n < 128 && c ~ /[A-Za-z0-9@._\/:+,=~-]/) ? c : "%" toupper(x)
        }
    }'
}

# tell LEVEL KIND SUBJECT TEXT
tell() {
    printf 'audit %s %s %s %s\n' "$1" "$2" "$(printf %s "$3" | plain)" "$4"
}

# ours FILE: whether this boot made or changed it.
ours() { [ "$(stat -c %Z "$1" 2>/dev/null || echo 0)" -ge "$boot" ]; }

# file KIND FILE TEXT: a finding about a file, if there is one that is not empty.
file() {
    [ -s "$2" ] || return 0
    if ours "$2"; then
        tell unknown "$1" "$2" "$3 (this boot wrote it; there may have been another)"
    else
        tell problem "$1" "$2" "$3"
    fi
}

homes() { awk -F: '$6 != "" && $6 != "/" { print $6 }' /etc/passwd | sort -u | while read -r h; do [ ! -d "$h" ] || echo "$h"; done; }

# listed KIND: the files of that kind that the list means.
listed() {
    awk -v kind="$1" '$2 == kind { for (i = 4; i <= NF; i++) print $i }' "$list" | while read -r pattern; do
        case $pattern in
        \~/*)
            homes | while read -r h; do
                for f in "$h"${pattern#'~'}; do [ ! -f "$f" ] || echo "$f"; done
            done
            ;;
        *) for f in ${pattern#=}; do [ ! -f "$f" ] || echo "$f"; done ;;
        esac
    done
}

# old KIND TEXT: those of the files of that kind that are older than the boot.
old() {
    listed "$1" | while read -r f; do
        if [ -s "$f" ] && ! ours "$f"; then tell problem "$1" "$f" "$2"; fi
    done
}

contextualization() {
    some=
    for p in cloud-init stratuslab-one-context one-context onecontext vmcontext cloudinit-net waagent amazon-ssm-agent; do
        if command -v "$p" >/dev/null || [ -e "/etc/init.d/$p" ] || [ -e "/lib/systemd/system/$p.service" ] || [ -e "/usr/bin/$p" ]; then
            tell note context-package "$p" 'takes keys and user data at boot'
            some=1
        fi
    done
    [ -n "$some" ] || tell problem context-package none 'nothing takes keys and user data at boot'
}

passwords() {
    level=problem text='has a password, and its hash is published'
    if ours /etc/shadow; then level=unknown text='has a password (this boot changed the file)'; fi
    while IFS=: read -r user hash _; do
        case $hash in
        '') tell problem empty-password "$user" 'logs in without a password' ;;
        '!'* | '*'*) ;;
        *) tell "$level" password "$user" "$text" ;;
        esac
    done </etc/shadow
}

# seeded KEY: whether it came with the disk that started this machine.
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
                seeded "$key" || tell problem authorized-key "$f" "lets the owner of a key in: ...$(printf %s "$key" | tail -c 12)"
            done
        done
        for f in "$h"/.*_history; do
            [ -f "$f" ] || continue
            n=$(grep -Eic '(passw(or)?d|secret|token|api_?key)[^ ]*[= ]|AKIA[0-9A-Z]{16}|://[^/ ]+:[^/ ]+@' "$f")
            [ "$n" = 0 ] || tell problem secret "$f" "$n lines look as if they held a secret"
        done
    done
    old known-hosts 'tells where its maker logged in'
    old private-key 'a private key, by its name'
    old history 'what its maker typed'
    old credentials 'holds credentials, by its name'
    for d in /etc /root /home /srv /opt /var/lib /var/www /usr/local; do
        [ ! -d "$d" ] || find "$d" -xdev -type f -size -64 ! -path '/etc/ssh/*_host_*' ! -path '*/.ssh/*' ! -path '/var/lib/cloud/*' \
            -exec grep -lI -e '^-----BEGIN [A-Z ]*PRIVATE KEY' {} + 2>/dev/null
    done | while read -r f; do file private-key "$f" 'a private key'; done
}

# made_early: whether something other than cloud-init may have made host keys
# before cloud-init replaced them.  What starts after cloud-init has not.
made_early() {
    for f in /etc/systemd/system/*.service /usr/local/lib/systemd/system/*.service /usr/lib/systemd/system/*.service /lib/systemd/system/*.service \
        /etc/init.d/* /etc/rc.d/init.d/* /etc/rc.local /etc/rc.d/rc.local; do
        # What does not exist and what is masked is empty.
        [ -s "$f" ] || continue
        # Others only name the units that do, to start before or after them.
        case ${f##*/} in
        *keygen* | *host*key*) ;;
        *.service) grep -qs '^Exec.*keygen' "$f" || continue ;;
        *) grep -qs '^[^#]*ssh-keygen' "$f" || continue ;;
        esac
        grep -Eqs '^After=(.* )?cloud-init(-network)?\.service' "$f" || return 0
    done
    return 1
}

# host_keys: cloud-init replaces them when the machine starts, and logs which
# there were.
host_keys() {
    old host-key 'every machine would have the same'
    from=$(date -u -d "@$boot" '+%Y-%m-%d %H:%M:%S')
    gone=$(awk -v from="$from" '$0 >= from && /Attempting to remove \/etc\/ssh\/ssh_host_/ { print $NF }' /var/log/cloud-init.log 2>/dev/null | sort -u)
    level=problem text='every machine would have the same, where cloud-init does not replace it'
    if made_early; then level=unknown text='was there when cloud-init replaced it: the image had it, or a service made it earlier in this boot'; fi
    for f in $gone; do tell "$level" host-key "$f" "$text"; done
    if [ -z "$gone" ] && [ ! -s /var/log/cloud-init.log ]; then tell unknown host-key /etc/ssh 'no log says whether this boot replaced them'; fi
}

identity() {
    listed machine-id | while read -r f; do
        [ -L "$f" ] || file machine-id "$f" 'every machine would have the same'
    done
    old random-seed 'every machine would start with it'
    old lease 'a lease of another network'
    listed udev-rule | while read -r f; do
        if [ -s "$f" ] && [ ! -L "$f" ] && ! ours "$f"; then tell problem udev-rule "$f" "binds a name to its maker's network card"; fi
    done
    if [ -d /var/lib/cloud/instances ]; then
        now=$(basename "$(readlink -f /var/lib/cloud/instance)")
        for d in /var/lib/cloud/instances/*; do
            [ ! -d "$d" ] || [ "${d##*/}" = "$now" ] || tell problem cloud-init "$d" 'the state of an earlier instance'
        done
    fi
    old kerberos "the host's key"
    find /var/log -xdev -type f -size +0 2>/dev/null | while read -r f; do
        ours "$f" || echo "$f"
    done | { n=0; while read -r f; do n=$((n + 1)); last=$f; done; [ "$n" = 0 ] || tell note logs "$last" "and $((n - 1)) more files of logs are in the image"; }
}

settings() {
    sshd=$(command -v sshd || echo /usr/sbin/sshd)
    if "$sshd" -T 2>/dev/null | grep -qx 'passwordauthentication yes'; then
        tell note ssh-password /etc/ssh/sshd_config 'the ssh server takes passwords'
    fi
}

contextualization
passwords
keys
host_keys
identity
settings
echo 'audit end - - -'
