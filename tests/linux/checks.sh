# shellcheck shell=bash
# Sourced by what is played under systemd: checks that are told and counted.
passed=0 failed=0
check() {
    local what=$1
    shift
    if "$@" >/run/last 2>&1; then
        passed=$((passed + 1))
        echo "ok: $what"
    else
        failed=$((failed + 1))
        echo "failed: $what"
        sed 's/^/    /' /run/last
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
# soon COMMAND…: within ten seconds.
soon() {
    for _ in $(seq 100); do
        "$@" >/run/soon 2>&1 && return 0
        sleep 0.1
    done
    cat /run/soon
    return 1
}
