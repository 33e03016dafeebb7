# What Refresh does. Few programs are started: each takes long where a processor is
# emulated.

# set_clock sets the clock to $1, in seconds with a fraction since 1970, and makes all
# of systemd's jobs seem to have run: one that has just started catches up on nothing.
set_clock() {
    date -s "@$1" >/dev/null 2>&1 || date -s "@${1%.*}" >/dev/null # not every date knows fractions
    for stamp in /var/lib/systemd/timers/stamp-*; do
        if [ -e "$stamp" ]; then : >"$stamp"; fi # empty files: their times count
    done
}

# replace_key lets key $3 log in as user $1 instead of key $2.
replace_key() {
    replaced=no
    while IFS=: read -r name _ _ _ _ home _; do
        case $name in "$1" | root) ;; *) continue ;; esac
        file=$home/.ssh/authorized_keys lines='' found=no
        if [ ! -r "$file" ]; then continue; fi
        while IFS= read -r line || [ -n "$line" ]; do
            case $line in *"$2"*) line=${line%%"$2"*}$3${line#*"$2"} found=yes ;; esac
            lines="$lines$line
"
        done <"$file"
        if [ $found = yes ]; then
            printf %s "$lines" >"$file" # its owner, mode and label remain
            replaced=yes
        fi
    done </etc/passwd
    if [ $replaced = no ]; then
        echo "no authorized_keys has the former login key" >&2
        return 1
    fi
}

# new_id gives the machine another identity, if Settle has found that it may. The
# journal goes on under it.
new_id() {
    read -r old <$kept/id
    if ! read -r now 2>/dev/null </etc/machine-id || [ "$old" != "$now" ]; then return; fi
    id=$(tr -d - </proc/sys/kernel/random/uuid)
    for file in /etc/machine-id /var/lib/dbus/machine-id; do
        if [ ! -L $file ] && read -r now 2>/dev/null <$file && [ "$old" = "$now" ]; then echo "$id" >$file; fi
    done
    echo "$id" >$kept/id
    for journal in /run/log/journal /var/log/journal; do
        if [ -d "$journal/$old" ]; then mv "$journal/$old" "$journal/$id"; fi
    done
}

# start_jobs starts again what Settle has stopped, but for jobs that were due before
# $1, the time as 14 digits: systemd would run them at once, whatever the clock says.
start_jobs() {
    jobs=
    if [ ! -e $kept/jobs ]; then return; fi
    while read -r next job; do
        if [ "$next" = 0 ] || [ "$next" -gt "$1" ]; then jobs="$jobs $job"; fi
    done <$kept/jobs
    if [ -z "$jobs" ]; then return; fi
    if by_systemd; then
        systemctl --no-block start $jobs # nothing in the guest waits for them
        return
    fi
    for job in $jobs; do rc-service "$job" start >&2; done
}

# restart_services restarts those that have random numbers of their own.
restart_services() {
    services=$(cat $kept/services)
    if [ -z "$services" ]; then return; fi
    if by_systemd; then
        systemctl restart $services
        return
    fi
    for service in $services; do rc-service "$service" restart >&2; done
}
