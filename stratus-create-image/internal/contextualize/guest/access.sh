# Lets the keys in $stratus_keys log in as $stratus_user, who is made with the
# comment $stratus_mark, and gives the machine the ssh host key in
# $stratus_host_key. Doing it again changes nothing.
umask 077
if [ -d /run ]; then stratus_run=/run; else stratus_run=/var/run; fi
echo "$stratus_scheme" >>"$stratus_run/stratus-context"

stratus_add_user() { # USER COMMENT
    if ! grep -q "^$1:" /etc/passwd; then
        if command -v useradd >/dev/null; then useradd -m -s /bin/sh -c "$2" "$1"; else adduser -D -s /bin/sh -g "$2" "$1"; fi
    fi
    # The file is cloud-init's, so that both are cleaned up alike.
    if [ "$1" != root ] && [ -d /etc/sudoers.d ] && ! grep -qs "^$1 " /etc/sudoers.d/90-cloud-init-users; then
        printf '%s ALL=(ALL) NOPASSWD:ALL\n' "$1" >>/etc/sudoers.d/90-cloud-init-users
        chmod 440 /etc/sudoers.d/90-cloud-init-users
    fi
}

stratus_label() { # the names that SELinux expects
    if command -v restorecon >/dev/null; then restorecon -RF "$@"; fi
}

stratus_authorize() {
    stratus_home=$(sed -n "s/^$1:[^:]*:[^:]*:[^:]*:[^:]*:\([^:]*\):.*/\1/p" /etc/passwd)
    stratus_ssh=${stratus_home:-/root}/.ssh
    mkdir -p "$stratus_ssh"
    chmod 700 "$stratus_ssh"
    # A last line without an end must not swallow our first.
    if [ -s "$stratus_ssh/authorized_keys" ] && [ -n "$(tail -c 1 "$stratus_ssh/authorized_keys")" ]; then
        echo >>"$stratus_ssh/authorized_keys"
    fi
    printf '%s\n' "$2" | while IFS= read -r stratus_line; do
        case $stratus_line in '' | Comment:*) continue ;; esac
        grep -qxF -e "$stratus_line" "$stratus_ssh/authorized_keys" 2>/dev/null ||
            printf '%s\n' "$stratus_line" >>"$stratus_ssh/authorized_keys"
    done
    if [ -f "$stratus_ssh/authorized_keys" ]; then chmod 600 "$stratus_ssh/authorized_keys"; fi
    chown -R "$1:" "$stratus_ssh"
    stratus_label "$stratus_ssh"
}

# A running server may have read its keys, and one without any does not start.
# Nothing is waited for: this may be part of what systemd waits for.
stratus_restart_ssh() {
    for stratus_unit in ssh sshd; do
        if [ -d /run/systemd/system ]; then
            if systemctl --quiet is-enabled "$stratus_unit.service" 2>/dev/null; then
                systemctl --no-block restart "$stratus_unit.service" && return
            fi
            systemctl --no-block try-restart "$stratus_unit.service" 2>/dev/null || :
        elif [ -x "/etc/init.d/$stratus_unit" ] && "/etc/init.d/$stratus_unit" status >/dev/null 2>&1; then
            "/etc/init.d/$stratus_unit" restart
        fi
    done
}

stratus_set_host_key() {
    if [ "$(cat /etc/ssh/ssh_host_ed25519_key 2>/dev/null)" = "$1" ]; then return; fi
    if [ ! -d /etc/ssh ]; then mkdir -m 755 /etc/ssh; fi
    printf '%s\n' "$1" >/etc/ssh/ssh_host_new_key
    printf '%s\n' "$2" >/etc/ssh/ssh_host_ed25519_key.pub
    chmod 644 /etc/ssh/ssh_host_ed25519_key.pub
    mv -f /etc/ssh/ssh_host_new_key /etc/ssh/ssh_host_ed25519_key
    stratus_label /etc/ssh/ssh_host_ed25519_key /etc/ssh/ssh_host_ed25519_key.pub
    stratus_restart_ssh
}

stratus_add_user "$stratus_user" "$stratus_mark"
if [ -n "$stratus_keys" ]; then stratus_authorize "$stratus_user" "$stratus_keys"; fi
if [ -n "$stratus_host_key" ]; then stratus_set_host_key "$stratus_host_key" "$stratus_host_key_pub"; fi
umask 022
