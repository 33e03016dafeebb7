# What Settle does. The functions that begin with find set the variable of that name,
# and start no programs: each takes long where a processor is emulated.

# holders prints the processes that map a library with a generator of random numbers
# of its own, which knows nothing of the kernel's new key.
holders() {
    grep -lE '/lib(crypto|gnutls|nss3|sodium|mbedcrypto|wolfssl|bsd)[.-]' /proc/[0-9]*/maps 2>/dev/null | cut -d/ -f3
}

# find_service finds the service that process $1 belongs to; it may be empty.
find_service() {
    service=
    if by_systemd; then
        while IFS= read -r group; do
            case $group in
            0::/init.scope | *:name=systemd:/init.scope) service=init.scope ;;
            0::/system.slice/*.service* | *:name=systemd:/system.slice/*.service*)
                service=${group%.service*}.service
                service=${service##*/}
                ;;
            esac
        done <"/proc/$1/cgroup"
        return
    fi
    for daemon in /run/openrc/daemons/*/*; do # each names the file with a process's number
        if [ ! -r "$daemon" ]; then continue; fi
        while IFS='=' read -r name file; do
            if [ "$name" = pidfile ] && [ -r "$file" ] && read -r pid <"$file" && [ "$pid" = "$1" ]; then
                service=${daemon%/*}
                service=${service##*/}
            fi
        done <"$daemon"
    done
}

# find_own finds this process and those above it, each between spaces.
find_own() {
    own=" $$ " parent=$$
    while [ "$parent" -gt 1 ]; do
        while read -r name value; do
            if [ "$name" = PPid: ]; then parent=$value; fi
        done <"/proc/$parent/status"
        own="$own $parent "
    done
}

# stale prints the services that Refresh must restart. It fails, and prints why, if a
# process that must be restarted belongs to no service.
stale() {
    find_own
    for process in $(holders); do
        case $own in *" $process "*) continue ;; esac
        find_service "$process" || continue # it has ended
        # systemd and the message bus ask the kernel each time, but for DNS over TLS.
        case $service in init.scope | systemd-* | dbus*) continue ;; esac
        program=$(readlink "/proc/$process/exe") || continue
        case ${program% (deleted)} in
        */systemd/systemd) continue ;; # a user's, as above
        */sshd | */sshd-session | */sshd-auth) continue ;; # each login starts the program anew
        esac
        case $service in
        '' | ssh.service | sshd.service | ssh@* | sshd@*) # from a login, which does not start it again
            echo "process $process ($program) has random numbers of its own and belongs to no service"
            return 1
            ;;
        esac
        echo "$service"
    done
}

cron='cron.service crond.service cronie.service fcron.service atd.service'

# jobs_by_time prints the units of systemd that run jobs at a time of day, one in a
# line: when the next job is due, as 14 digits, or 0, and the unit. Timers that wait
# for some time after another event do not notice that the clock jumps, and would wait
# anew if they were stopped. Where it is 0, the job is due only after the time of the
# stamp that systemd keeps on the disk.
jobs_by_time() {
    id='' active='' calendar='' next=''
    # Units are apart by empty lines.
    {
        TZ=UTC systemctl show '*.timer' $cron \
            --property=Id,ActiveState,TimersCalendar,NextElapseUSecRealtime,Persistent && echo
    } | while IFS= read -r line; do
        case $line in
        Id=*) id=${line#Id=} ;;
        ActiveState=active) active=yes ;;
        TimersCalendar=?*) calendar=yes ;;
        Persistent=yes) next=0 ;;
        NextElapseUSecRealtime=*[0-9]*) # such as Wed 2026-12-02 00:00:00 UTC
            IFS=' -:'
            set -- ${line#*=}
            next=${next:-$2$3$4$5$6$7}
            ;;
        '')
            case $active$calendar$id in yesyes*.timer | yes*.service) echo "${next:-0} $id" ;; esac
            id='' active='' calendar='' next=''
            ;;
        esac
    done
}

# stop_jobs stops what a jump of the clock would start, and prints it as jobs_by_time
# does.
stop_jobs() {
    if by_systemd; then
        jobs=$(jobs_by_time)
        if [ -n "$jobs" ]; then
            systemctl stop $(echo "$jobs" | cut -d' ' -f2) >&2
            echo "$jobs"
        fi
        return
    fi
    for job in crond cronie dcron fcron atd; do
        if [ -e "/run/openrc/started/$job" ]; then
            rc-service "$job" stop >&2
            echo "0 $job"
        fi
    done
}

# own_id prints the machine's identity if this machine has made it, not the base image,
# and nothing on the disk bears its name.
own_id() {
    if ! read -r id 2>/dev/null </etc/machine-id; then return; fi
    for name in "/boot/$id" "/boot/efi/$id" "/efi/$id" "/boot/loader/entries/$id"-*; do
        if [ -e "$name" ]; then return; fi
    done
    if [ -e $kept/id ]; then # it is not the first snapshot
        if [ "$id" = "$(cat $kept/id)" ]; then echo "$id"; fi
    elif [ "$(date -r /etc/machine-id +%s)" -ge "$(sed -n 's/^btime //p' /proc/stat)" ]; then
        echo "$id"
    fi
}
