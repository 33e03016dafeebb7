# What Refresh does.

# set_clock sets the clock to $1, in seconds with a fraction since 1970, and makes all
# jobs seem to have run: a machine that has just started has nothing to catch up on.
set_clock() {
    date -s "@$1" >/dev/null 2>&1 || date -s "@${1%.*}" >/dev/null # not every date knows fractions
    for stamp in /var/lib/systemd/timers/stamp-*; do
        if [ -e "$stamp" ]; then touch "$stamp"; fi
    done
}

# replace_key lets key $3 log in as user $1 instead of key $2.
replace_key() {
    home=$(sed -n "s/^$1:[^:]*:[^:]*:[^:]*:[^:]*:\([^:]*\):.*/\1/p" /etc/passwd)
    found=no
    for file in "$home/.ssh/authorized_keys" /root/.ssh/authorized_keys; do
        if grep -qF "$2" "$file" 2>/dev/null; then
            lines=$(sed "s|$2|$3|g" "$file")
            printf '%s\n' "$lines" >"$file" # its owner, mode and label remain
            found=yes
        fi
    done
    if [ $found = no ]; then
        echo "no authorized_keys has the former login key" >&2
        return 1
    fi
}

# new_id gives the machine another identity if Settle has found one that this may be
# done to. The journal goes on under the new one.
new_id() {
    old=$(cat $kept/id)
    if [ -z "$old" ] || [ "$old" != "$(cat /etc/machine-id)" ]; then return; fi
    id=$(tr -d - </proc/sys/kernel/random/uuid)
    for file in /etc/machine-id /var/lib/dbus/machine-id; do
        if [ -f "$file" ] && [ ! -L "$file" ] && [ "$(cat "$file")" = "$old" ]; then echo "$id" >"$file"; fi
    done
    echo "$id" >$kept/id
    for journal in /run/log/journal /var/log/journal; do
        if [ -d "$journal/$old" ]; then
            mv "$journal/$old" "$journal/$id"
            journald=systemd-journald.service
        fi
    done
}

# restart restarts the services that keep random numbers, and starts the jobs again.
restart() {
    stale=$(cat $kept/stale)
    jobs=$(cat $kept/jobs)
    if by_systemd; then
        set -- $stale ${journald-} $jobs
        if [ $# -gt 0 ]; then systemctl restart "$@"; fi # starts what has been stopped
        return
    fi
    for service in $stale $jobs; do rc-service "$service" restart; done
}

# await_network waits until DHCP clients that have noticed the jump of the clock have
# an address again.
await_network() { :; }
