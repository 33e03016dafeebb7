# What Settle does. The functions print what they find.

# holders prints the processes that map a library with a generator of random numbers
# of its own. It knows nothing of the kernel's new key.
holders() {
    grep -lE '/lib(crypto|gnutls|nss3|sodium|mbedcrypto|wolfssl|bsd)[.-]' /proc/[0-9]*/maps 2>/dev/null | cut -d/ -f3
}

# service prints the service that process $1 belongs to, or nothing.
service() {
    if by_systemd; then
        sed -n 's#^[^/]*/system\.slice/\(.*/\)\{0,1\}\([^/]*\.service\).*#\2#p' "/proc/$1/cgroup" | head -n 1
        return
    fi
    # OpenRC remembers which file has the number of a service's process.
    for daemon in /run/openrc/daemons/*/*; do
        pidfile=$(sed -n 's/^pidfile=//p' "$daemon" 2>/dev/null || :)
        if [ -n "$pidfile" ] && [ "$(cat "$pidfile" 2>/dev/null)" = "$1" ]; then
            daemon=${daemon%/*}
            echo "${daemon##*/}"
            return
        fi
    done
}

# ancestors prints this process and those above it, each between spaces.
ancestors() {
    pid=$$
    while [ "${pid:-0}" -gt 0 ]; do
        printf ' %s ' "$pid"
        pid=$(parent "$pid")
    done
}

# parent prints the parent of process $1.
parent() { sed -n 's/^PPid:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null; }

# stale prints the services that Refresh must restart. It fails, and prints why, if a
# process that must be restarted belongs to no service.
stale() {
    own=$(ancestors)
    for pid in $(holders); do
        case $own in *" $pid "*) continue ;; esac
        program=$(readlink "/proc/$pid/exe") || continue # it has ended
        unit=$(service "$pid")
        case ${program% (deleted)} in
        */systemd/systemd | */systemd/systemd-*) continue ;; # they ask the kernel each time
        */sshd-session | */sshd-auth) continue ;; # a login, which ends before the snapshot
        */sshd) if [ "$(parent "$pid")" != 1 ]; then continue; fi ;;
        *) case $unit in ssh.service | sshd.service | ssh@* | sshd@*) unit= ;; esac ;; # a login left it behind
        esac
        if [ -z "$unit" ]; then
            echo "process $pid ($program) has random numbers of its own and belongs to no service"
            return 1
        fi
        echo "$unit"
    done
}

# jobs_by_time prints the units of systemd that run jobs at a time of day. Those that
# run some time after another event do not notice that the clock jumps, and would
# begin again if they were stopped.
jobs_by_time() {
    # Units are apart by empty lines.
    { systemctl show --property=Id,ActiveState,TimersCalendar '*.timer' $cron && echo; } | while IFS= read -r line; do
        case $line in
        Id=*) id=${line#Id=} ;;
        ActiveState=active) active=yes ;;
        TimersCalendar=?*) calendar=yes ;;
        '')
            case ${active-}${calendar-}${id-} in yesyes*.timer | yes*.service) echo "$id" ;; esac
            id='' active='' calendar=''
            ;;
        esac
    done
}

# stop_jobs stops what a jump of the clock would start, and prints its names.
stop_jobs() {
    if by_systemd; then
        cron='cron.service crond.service cronie.service fcron.service atd.service'
        jobs=$(jobs_by_time)
        if [ -n "$jobs" ]; then systemctl stop $jobs >&2; fi
        printf '%s\n' "$jobs"
        return
    fi
    for job in crond cronie dcron fcron atd; do
        if [ -e "/run/openrc/started/$job" ]; then
            rc-service "$job" stop >&2
            echo "$job"
        fi
    done
}

# own_id prints the machine's identity if this start of the machine has made it, not the
# base image, and nothing on the disk bears its name.
own_id() {
    id=$(cat /etc/machine-id 2>/dev/null || :)
    case $id in *[!0-9a-f]* | '') return ;; esac
    for name in "/boot/$id" "/boot/efi/$id" "/efi/$id" "/boot/loader/entries/$id"-*; do
        if [ -e "$name" ]; then return; fi
    done
    if [ -e $kept/id ]; then # a Refresh has made it, unless something else has since
        if [ "$id" = "$(cat $kept/id)" ]; then echo "$id"; fi
    elif [ "$(date -r /etc/machine-id +%s)" -ge "$(sed -n 's/^btime //p' /proc/stat)" ]; then
        echo "$id"
    fi
}
