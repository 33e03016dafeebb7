stratus_failed=0
stratus_report() {
    if [ "$1" = 0 ]; then return; fi
    echo "stratus-context: $stratus_script: exit status $1" >&2
    stratus_failed=1
}
