# shellcheck shell=bash
# Sourced by what is played on Linux: checks that are told and counted. What a command says lies
# in the folder `scratch`; `soon` waits for `patience` tenths of a second.
scratch=${scratch:-/run} patience=${patience:-100}
passed=0 failed=0
check() {
    local what=$1
    shift
    if "$@" >"$scratch/last" 2>&1; then
        passed=$((passed + 1))
        echo "ok: $what"
    else
        failed=$((failed + 1))
        echo "failed: $what"
        sed 's/^/    /' "$scratch/last"
    fi
}
property() { systemctl show -p "$2" --value "$1"; }
is() { [ "$1" = "$2" ] || { echo "is '$1' and not '$2'"; return 1; }; }
# says PATTERN COMMAND…: what the command says, however it ends.
says() {
    local pattern=$1 said
    shift
    said=$("$@" 2>&1) || true
    grep -q -- "$pattern" <<<"$said" || { echo "$said"; return 1; }
}
# soon COMMAND…: in time.
soon() {
    for _ in $(seq "$patience"); do
        "$@" >"$scratch/soon" 2>&1 && return 0
        sleep 0.1
    done
    cat "$scratch/soon"
    return 1
}
