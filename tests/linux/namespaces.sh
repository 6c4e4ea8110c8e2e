# shellcheck shell=bash
# Sourced: a systemd as the first process of namespaces of its own. As root.

# in_namespaces GROUP CONSOLE OPTIONS COMMAND…: starts the command as the first process, in a
# cgroup of the name GROUP, with what unshare gets as OPTIONS besides; its process is $child.
in_namespaces() {
    local console=$2 options=$3
    cgroup=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)/$1
    mkdir "$cgroup"
    shift 3
    (
        echo $BASHPID >"$cgroup/cgroup.procs"
        # shellcheck disable=SC2086 # several options
        exec unshare --cgroup --mount --pid --fork --ipc --uts --kill-child $options "$@"
    ) >"$console" 2>&1 &
    child=$!
}

# leave_namespaces: ends what in_namespaces has started.
leave_namespaces() {
    [ -z "${child:-}" ] || { kill -9 "$child" && wait "$child"; } 2>/dev/null || true
    [ -n "${cgroup:-}" ] || return 0
    for _ in $(seq 50); do
        find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null && return 0
        sleep 0.1
    done
}

# await_result FILE SECONDS: until the last line is there, or the first process has ended.
await_result() {
    for _ in $(seq $(($2 * 10))); do
        ! grep -q "^[0-9]* passed, [0-9]* failed$" "$1" || break
        kill -0 "$child" 2>/dev/null || break
        sleep 0.1
    done
    grep -q "^[0-9]* passed, 0 failed$" "$1"
}
