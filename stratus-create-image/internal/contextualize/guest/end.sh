# Of several contexts, the first that gets here runs the scripts. What systemd
# calls enabled here is that cloud-init has found one of them; SCRIPT_EXEC it
# does not know.
if mkdir "$stratus_run/stratus-context.ran" 2>/dev/null; then
    if [ -n "${SCRIPT_EXEC-}" ]; then
        stratus_script=SCRIPT_EXEC
        (
            dir=$(mktemp -d /var/tmp/stratus.XXXXXX) || exit
            trap 'rm -rf "$dir"' EXIT
            printf '%s\n' "$SCRIPT_EXEC" >"$dir/script"
            chmod 700 "$dir/script" && "$dir/script" </dev/null
        )
        stratus_report $?
    fi
    if [ "$stratus_shared" = true ] && [ -e /run/cloud-init/enabled ]; then
        echo 'stratus-context: the scripts are left to cloud-init' >&2
    else
        stratus_scripts
    fi
fi
[ "$stratus_failed" = 0 ]
